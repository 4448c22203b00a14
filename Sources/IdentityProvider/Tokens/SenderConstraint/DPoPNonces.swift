import FoundationEssentials
import JOSE

/// The nonces of DPoP proofs (RFC 9449 §8): sealed times, so that all nodes accept them and none is stored.
struct DPoPNonces: Sendable {
    /// `nil` if proofs need no nonce.
    private let sealer: Sealer?

    /// In seconds.
    static let lifetime: TimeInterval = 300

    init(_ core: Core) {
        sealer = core.settings.requiresDPoPNonces ? core.sealer : nil
    }

    private init(_ sealer: Sealer?) { self.sealer = sealer }

    /// Accepts any nonce and offers none.
    static let off = DPoPNonces(nil)

    /// Returns the nonce that the sender should use from now on, or `nil` to keep this one. Throws a `DPoPRefusal` with
    /// a new nonce unless `nonce` is one of ours that is still good.
    func check(_ nonce: JSON?, at now: Date) throws -> String? {
        guard let sealer else { return nil }
        guard let text = nonce?.string, let issuedAt = try? sealer.open(Date.self, from: text, for: .dpopNonce),
            case let age = now.timeIntervalSince(issuedAt), age < Self.lifetime
        else { throw DPoPRefusal("a fresh nonce is required", nonce: try sealer.seal(now, for: .dpopNonce)) }
        return age < Self.lifetime / 2 ? nil : try sealer.seal(now, for: .dpopNonce)
    }
}
