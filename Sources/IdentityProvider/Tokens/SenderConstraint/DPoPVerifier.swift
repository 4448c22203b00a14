import FoundationEssentials
import HTTPTypes
import JOSE

/// Verifies the DPoP proofs of requests (RFC 9449 §4.3).
struct DPoPVerifier: Sendable {
    private let issuer: Issuer
    private let mutualTLS: MutualTLS?
    private let nonces: DPoPNonces
    private let singleUse: any SingleUseStore
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        mutualTLS = core.settings.mutualTLS
        nonces = DPoPNonces(core)
        singleUse = core.stores.singleUse
        now = core.now
    }

    /// Returns the proof in the request's header; `nil` if there is none. `token` is the access token that it must
    /// belong to. `target` is by default the request itself. The proof still counts as unused.
    /// Throws `DPoPRefusal`.
    func proof(in request: Request, of token: String? = nil, for target: DPoPTarget? = nil) throws -> DPoPProof? {
        let fields = request.headers[values: .dpop]
        guard !fields.isEmpty else { return nil }
        guard fields.count == 1 else { throw DPoPRefusal("the request has more than one DPoP field") }
        return try DPoPProof(
            fields[0], for: target ?? self.target(of: request), token: token, nonces: nonces, at: now())
    }

    /// Uses the proof up. Throws a refusal if it was used before, on any node. Comes after the checks that need no
    /// storage. What it stores is gone when the proof has expired.
    func spend(_ proof: DPoPProof) async throws {
        guard try await singleUse.consume(proof.id, for: .dpopProof, until: proof.expiresAt) else {
            throw DPoPRefusal("the proof was already used")
        }
    }

    /// Clients with certificates may call an endpoint at its alias (RFC 8705 §5).
    private func target(of request: Request) -> DPoPTarget {
        let path = Path(request.path)
        let uris = [issuer.url(path)] + (mutualTLS.map { [$0.url(path, of: issuer)] } ?? [])
        return DPoPTarget(method: request.method.rawValue, uris: uris)
    }
}

extension OAuthError {
    /// The error of the token and PAR endpoints (RFC 9449 §5, §8).
    init(_ refusal: DPoPRefusal) {
        Decision.note("The DPoP proof is refused: \(refusal.reason) (RFC 9449 §4.3).")
        self.init(code: refusal.code, description: refusal.reason, headers: refusal.headers)
    }
}

extension DPoPRefusal {
    var headers: HTTPFields { nonce.map { [.dpopNonce: $0] } ?? [:] }
}

extension Response {
    /// Offers the nonce of the next DPoP proof, if there is a new one (RFC 9449 §8.2).
    func offering(_ nonce: String?) -> Response {
        guard let nonce else { return self }
        var response = self
        response.headers[.dpopNonce] = nonce
        return response
    }
}

extension HTTPField.Name {
    static let dpop = known("DPoP")
    static let dpopNonce = known("DPoP-Nonce")
}
