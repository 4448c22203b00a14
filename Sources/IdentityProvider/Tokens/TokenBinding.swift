import Authenticators

/// Checks that an access token is presented by the sender that it is bound to (RFC 8705 §3; RFC 9449 §7).
struct TokenBinding: Sendable {
    private let dpop: DPoPVerifier

    init(_ core: Core) { dpop = DPoPVerifier(core) }

    /// Returns the nonce that the sender should use from now on, or `nil` to keep its own. `target` is the request that
    /// a DPoP proof must be for, by default `request` itself. Uses the proof up, so it comes after all other checks of
    /// the token. Throws the challenge of RFC 6750 §3 or RFC 9449 §7.1.
    func check(
        _ token: AccessToken, presented credential: TokenCredential, in request: Request, at target: DPoPTarget? = nil
    ) async throws -> String? {
        guard token.scheme == credential.scheme else {
            Decision.note("The access token must be presented with the scheme \(token.scheme.name) (RFC 9449 §7.2).")
            throw OAuthError.invalidBearer(token.scheme)
        }
        guard let confirmation = token.confirmation else { return nil }
        do {
            let proof = confirmation.key == nil ? nil : try dpop.proof(in: request, of: credential.text, for: target)
            guard proof != nil || confirmation.key == nil else { throw DPoPRefusal("a DPoP proof is required") }
            let certificate = confirmation.certificate == nil ? nil : request.certificate?.thumbprint
            guard confirmation.isMet(by: Confirmation(key: proof?.key, certificate: certificate)) else {
                Decision.note("The sender has not proved to have the key that the access token is bound to.")
                throw OAuthError.invalidBearer(token.scheme)
            }
            if let proof { try await dpop.spend(proof) }
            return proof?.nextNonce
        } catch let refusal as DPoPRefusal { throw OAuthError.challenge(refusal) }
    }
}
