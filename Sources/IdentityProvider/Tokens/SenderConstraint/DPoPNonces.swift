import FoundationEssentials
import JOSE

/// The nonces of DPoP proofs (RFC 9449 §8): sealed times, so that all nodes accept them and none is stored.
struct DPoPNonces: Sendable {
    private let sealer: Sealer
    private let isRequired: Bool

    /// In seconds.
    static let lifetime: TimeInterval = 300

    init(_ core: Core) {
        sealer = core.sealer
        isRequired = core.settings.requiresDPoPNonces
    }

    /// Returns the nonce that the sender should use from now on, or `nil` to keep this one. Throws a refusal with a new
    /// nonce unless `nonce` is one of ours that is still good. Without nonces, any is accepted and none is offered.
    func check(_ nonce: JSON?, at now: Date) throws(DPoPRefusal) -> String? {
        guard isRequired else { return nil }
        guard let text = nonce?.string, let issuedAt = try? sealer.open(Date.self, from: text, for: .dpopNonce),
            case let age = now.timeIntervalSince(issuedAt), age < Self.lifetime
        else { throw DPoPRefusal("a fresh nonce is required", nonce: make(at: now)) }
        return age < Self.lifetime / 2 ? nil : make(at: now)
    }

    private func make(at now: Date) -> String { (try? sealer.seal(now, for: .dpopNonce)) ?? "" }
}
