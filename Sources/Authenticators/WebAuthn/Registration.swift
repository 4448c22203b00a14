/// A new credential, verified as in WebAuthn L3 §7.1. Steps 1 and 2 belong to the page, and steps 26 (no other user has
/// the credential) and 27 to the store.
package struct Registration: Sendable {
    package let credentialID: [UInt8]
    package let publicKey: COSEKey
    /// The model of the authenticator, 16 bytes; all zeros if it is unknown.
    package let aaguid: [UInt8]
    package let authenticator: AuthenticatorData
    package let attestation: AttestationType

    /// `challenge` is the one sent to the browser. Throws at the first step that fails.
    package init(
        clientDataJSON: [UInt8], attestationObject: [UInt8], challenge: [UInt8], for party: RelyingParty,
        requiresUserVerification: Bool
    ) throws(WebAuthnRefusal) {
        // Steps 5 to 11.
        let client = try ClientData(
            parsing: clientDataJSON, type: "webauthn.create", challenge: challenge, for: party, steps: .registration)
        // Step 12 is `client.hash`. Step 13:
        let object = try AttestationObject(parsing: attestationObject)
        let data = object.authenticatorData
        // Steps 14 to 17. Steps 18 and 19 need no check: keys with and without backup are
        // accepted, and the kind is stored.
        try data.check(for: party, requiresUserVerification: requiresUserVerification, steps: .registration)
        guard let credential = data.attestedCredential else {
            throw WebAuthnRefusal("7.1-13", "has no credential data")
        }
        // Parsing performed step 20: `COSEKey` knows only the algorithms that are offered.
        attestation = try object.verify(credential, clientDataHash: client.hash)
        guard credential.id.count <= 1_023 else {
            throw WebAuthnRefusal("7.1-25", "has a credential id of more than 1023 bytes")
        }
        credentialID = credential.id
        publicKey = credential.publicKey
        aaguid = object.model(of: credential)
        authenticator = data
    }
}

extension ClientData.Steps {
    fileprivate static let registration = ClientData.Steps(
        parse: "7.1-6", type: "7.1-7", challenge: "7.1-8", origin: "7.1-9", crossOrigin: "7.1-10",
        topOrigin: "7.1-11")
}

extension AuthenticatorData.Steps {
    fileprivate static let registration = AuthenticatorData.Steps(
        relyingParty: "7.1-14", presence: "7.1-15", verification: "7.1-16", backup: "7.1-17")
}
