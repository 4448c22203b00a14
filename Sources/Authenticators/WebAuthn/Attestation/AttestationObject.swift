/// What an authenticator answers to a registration (WebAuthn L3 §6.5).
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
        else { throw WebAuthnRefusal("7.1-13", "object has other members than fmt, attStmt and authData") }
        authenticatorData = try AuthenticatorData(parsing: data, step: "7.1-13")
        // By bytes: a format is an identifier, not a word.
        guard let format = Self.formats.first(where: { $0.identifier.utf8.elementsEqual(name.utf8) }) else {
            throw WebAuthnRefusal("7.1-21", "format is not supported")
        }
        self.format = format
        self.statement = statement
    }

    /// The model of the authenticator. `fido-u2f` doesn't sign the AAGUID (WebAuthn L3 §8.6), so an attacker could claim any:
    /// such authenticators have no model.
    func model(of credential: AttestedCredential) -> [UInt8] {
        format == FIDOU2FAttestation.self ? [UInt8](repeating: 0, count: 16) : credential.aaguid
    }

    /// Steps 22 to 24. No trust anchors are kept (step 23), because no model of authenticator is asked for.
    func verify(_ credential: AttestedCredential, clientDataHash: [UInt8]) throws(WebAuthnRefusal) -> AttestationType {
        try format.init(parsing: statement)
            .verify(credential, in: authenticatorData, clientDataHash: clientDataHash)
    }
}

/// What an attestation is worth (WebAuthn L3 §6.5.3).
package enum AttestationType: Hashable, Sendable {
    case none
    /// Signed with the credential's own key: nobody else vouches for it.
    case own
    /// Signed with the key of a certificate that meets its format's demands. Whether the certificate's issuer can be
    /// trusted was not asked.
    case certificate
}

/// An attestation statement (WebAuthn L3 §8): parsing it, and its verification procedure.
protocol AttestationFormat: Sendable {
    static var identifier: String { get }
    init(parsing statement: [CBOR: CBOR]) throws(WebAuthnRefusal)
    func verify(
        _ credential: AttestedCredential, in data: AuthenticatorData, clientDataHash: [UInt8]
    ) throws(WebAuthnRefusal) -> AttestationType
}
