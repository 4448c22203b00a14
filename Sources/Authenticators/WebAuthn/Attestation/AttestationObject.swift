/// An authenticator's response to a registration (WebAuthn L3 §6.5).
struct AttestationObject: Sendable {
    let authenticatorData: AuthenticatorData
    private let format: any AttestationFormat.Type
    private let statement: [CBOR: CBOR]

    private static let formats: [any AttestationFormat.Type] = [
        NoAttestation.self, PackedAttestation.self, FIDOU2FAttestation.self,
    ]

    init(parsing bytes: [UInt8]) throws(WebAuthnRefusal) {
        let object: CBOR
        do { object = try CBOR(parsing: bytes) } catch { throw WebAuthnRefusal("7.1-13", "object \(error.reason)") }
        guard let members = object.map, members.count == 3, let name = members["fmt"]?.text,
            let data = members["authData"]?.bytes, let statement = members["attStmt"]?.map
        else { throw WebAuthnRefusal("7.1-13", "object must have the members fmt, attStmt and authData only") }
        authenticatorData = try AuthenticatorData(parsing: data, step: "7.1-13")
        // Compared by bytes, so that a canonically equivalent text does not match.
        guard let format = Self.formats.first(where: { $0.identifier.utf8.elementsEqual(name.utf8) }) else {
            throw WebAuthnRefusal("7.1-21", "attestation format is not supported")
        }
        self.format = format
        self.statement = statement
    }

    /// Returns the model of the authenticator (AAGUID). With `fido-u2f`, which doesn't sign the model
    /// (WebAuthn L3 §8.6), an attacker could claim any, so the result is all zeros.
    func model(of credential: AttestedCredential) -> [UInt8] {
        format == FIDOU2FAttestation.self ? [UInt8](repeating: 0, count: 16) : credential.aaguid
    }

    /// Performs steps 22 to 24. There are no trust anchors (step 23), because no particular authenticator is required.
    func verify(_ credential: AttestedCredential, clientDataHash: [UInt8]) throws(WebAuthnRefusal) -> AttestationType {
        try format.init(parsing: statement)
            .verify(credential, in: authenticatorData, clientDataHash: clientDataHash)
    }
}

/// What an attestation proves (WebAuthn L3 §6.5.3).
package enum AttestationType: Hashable, Sendable {
    case none
    /// Signed with the credential's own key: no one else vouches for it.
    case own
    /// Signed with the key of a certificate that meets the requirements of its format. Whether the issuer of the
    /// certificate can be trusted was not checked.
    case certificate
}

/// An attestation statement format and its verification procedure (WebAuthn L3 §8).
protocol AttestationFormat: Sendable {
    static var identifier: String { get }
    init(parsing statement: [CBOR: CBOR]) throws(WebAuthnRefusal)
    func verify(
        _ credential: AttestedCredential, in data: AuthenticatorData, clientDataHash: [UInt8]
    ) throws(WebAuthnRefusal) -> AttestationType
}
