/// The `packed` format (WebAuthn L3 §8.2).
struct PackedAttestation: AttestationFormat {
    static let identifier = "packed"

    private let algorithm: COSEAlgorithm
    private let signature: [UInt8]
    private let certificate: AttestationCertificate?

    init(parsing statement: [CBOR: CBOR]) throws(WebAuthnRefusal) {
        guard let signature = statement["sig"]?.bytes, let number = statement["alg"]?.integer,
            statement.count == (statement["x5c"] == nil ? 2 : 3)
        else { throw WebAuthnRefusal("8.2", "the statement must have alg, sig and optionally x5c only") }
        guard let algorithm = COSEAlgorithm(rawValue: number) else {
            throw WebAuthnRefusal("8.2", "the statement's algorithm is not supported")
        }
        self.signature = signature
        self.algorithm = algorithm
        certificate = try statement["x5c"].map { chain throws(WebAuthnRefusal) in
            guard let chain = chain.array, (1...Self.longestChain).contains(chain.count), let leaf = chain[0].bytes,
                chain.allSatisfy({ $0.bytes != nil })
            else { throw WebAuthnRefusal("8.2", "x5c is not a chain of certificates") }
            return try AttestationCertificate(parsing: leaf)
        }
    }

    func verify(
        _ credential: AttestedCredential, in data: AuthenticatorData, clientDataHash: [UInt8]
    ) throws(WebAuthnRefusal) -> AttestationType {
        let message = data.bytes + clientDataHash
        guard let certificate else {
            guard algorithm == credential.publicKey.algorithm else {
                throw WebAuthnRefusal("8.2", "alg is not the credential's algorithm")
            }
            guard credential.publicKey.material.isValid(signature, of: message, by: algorithm) else {
                throw WebAuthnRefusal("8.2", "the credential's key did not make the signature")
            }
            return .own
        }
        guard certificate.key.isValid(signature, of: message, by: algorithm) else {
            throw WebAuthnRefusal("8.2", "the certificate's key did not make the signature")
        }
        try certificate.checkPackedRequirements(aaguid: credential.aaguid)
        return .certificate
    }

    private static let longestChain = 8
}
