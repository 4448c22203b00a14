/// The `none` format (WebAuthn L3 §8.7).
struct NoAttestation: AttestationFormat {
    static let identifier = "none"

    init(parsing statement: [CBOR: CBOR]) throws(WebAuthnRefusal) {
        guard statement.isEmpty else { throw WebAuthnRefusal("8.7", "the statement is not empty") }
    }

    func verify(_ credential: AttestedCredential, in data: AuthenticatorData, clientDataHash: [UInt8])
        -> AttestationType
    { .none }
}
