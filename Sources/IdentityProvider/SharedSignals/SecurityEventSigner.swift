import JOSE

/// Makes the security event tokens that receivers get (RFC 8417 §2; OpenID SSF §4).
struct SecurityEventSigner: Sendable {
    private let issuer: Issuer
    private let sealer: Sealer
    private let signer: TokenSigner

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        signer = TokenSigner(core)
    }

    /// Signs the event for its receiver. Throws `NotOurs` for an event that this issuer did not make.
    func sign(_ event: SecurityEvent, for client: Client) async throws -> String {
        let sealed = try JSONObject(parsing: sealer.open(event.sealedClaims, for: .securityEvent))
        var claims: JSONObject = [
            "iss": .string(issuer.identifier), "aud": .string(client.eventAudience), "jti": .string(event.id.rawValue),
        ]
        claims.merge(sealed)
        return try await signer.sign(claims, type: "secevent+jwt", by: client.eventReceiver?.algorithm ?? .rs256)
    }
}
