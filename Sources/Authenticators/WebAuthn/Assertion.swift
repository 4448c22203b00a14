/// Proof of possession of a credential, verified as in WebAuthn L3 §7.2. Steps 1 and 2 belong to the page, steps 5 and
/// 6 (whose credential it is) to the caller that looked it up, and step 24 to the store.
package struct Assertion: Sendable {
    /// The stored credential (WebAuthn L3 §4, credential record).
    package struct Record: Sendable {
        let publicKey: COSEKey
        let signCount: Int
        let isBackupEligible: Bool

        package init(publicKey: COSEKey, signCount: Int, isBackupEligible: Bool) {
            self.publicKey = publicKey
            self.signCount = signCount
            self.isBackupEligible = isBackupEligible
        }
    }

    package let authenticator: AuthenticatorData

    /// `challenge` is the one sent to the browser. Throws at the first step that fails.
    package init(
        clientDataJSON: [UInt8], authenticatorData: [UInt8], signature: [UInt8], challenge: [UInt8],
        by record: Record, for party: RelyingParty, requiresUserVerification: Bool
    ) throws(WebAuthnRefusal) {
        let data = try AuthenticatorData(parsing: authenticatorData, step: "7.2-7")
        // Steps 8 to 14.
        let client = try ClientData(
            parsing: clientDataJSON, type: "webauthn.get", challenge: challenge, for: party, steps: .assertion)
        // Steps 15 to 18.
        try data.check(for: party, requiresUserVerification: requiresUserVerification, steps: .assertion)
        guard data.isBackupEligible == record.isBackupEligible else {
            throw WebAuthnRefusal("7.2-19", "has changed its backup eligibility")
        }
        // Steps 20 and 21.
        let key = record.publicKey
        guard key.material.isValid(signature, of: data.bytes + client.hash, by: key.algorithm) else {
            throw WebAuthnRefusal("7.2-21", "has an invalid signature")
        }
        // A counter that does not increase suggests a cloned authenticator.
        guard data.signCount > record.signCount || data.signCount == 0 && record.signCount == 0 else {
            throw WebAuthnRefusal(
                "7.2-22", "has the signature counter \(data.signCount), expected more than \(record.signCount)")
        }
        authenticator = data
    }
}

extension ClientData.Steps {
    fileprivate static let assertion = ClientData.Steps(
        parse: "7.2-9", type: "7.2-10", challenge: "7.2-11", origin: "7.2-12", crossOrigin: "7.2-13",
        topOrigin: "7.2-14")
}

extension AuthenticatorData.Steps {
    fileprivate static let assertion = AuthenticatorData.Steps(
        relyingParty: "7.2-15", presence: "7.2-16", verification: "7.2-17", backup: "7.2-18")
}
