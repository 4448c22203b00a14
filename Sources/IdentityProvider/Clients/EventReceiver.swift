import JOSE

/// Registers a client as a receiver of shared signals (OpenID SSF §8): `event_receiver`, a Martlet extension.
package struct EventReceiver: Sendable, Hashable {
    /// `aud` of its events; `nil` for the client's identifier.
    package let audience: String?
    /// Whether it receives events about every user. Otherwise only about those whom it adds, for which it has to know
    /// their `sub`.
    package let coversEveryone: Bool
    let algorithm: SignatureAlgorithm

    init(document: JSONObject) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        audience = reader.value("audience") { text throws(InvalidValue) in
            guard URIText.isPlain(text) else { throw InvalidValue("must be visible ASCII, such as an https URL") }
            return text
        }
        coversEveryone = reader.choice("subjects", ["added": false, "all": true]) ?? false
        // CAEP Interoperability Profile §2.6.
        algorithm = reader.value("signed_response_alg", KeyRing.algorithm(registered:)) ?? .rs256
        reader.refuseUnknown()
        try reader.finish()
    }
}

extension Client {
    /// Checks the client as a receiver, which acts on its own behalf.
    func checkReceiver(_ reader: inout DocumentReader) {
        guard let eventReceiver else { return }
        if !grantTypes.contains(.clientCredentials) {
            reader.report("event_receiver", "requires the grant type client_credentials")
        }
        if !Scope.sharedSignals.values.contains(where: scope.contains) {
            reader.report("event_receiver", "requires a scope with ssf.manage or ssf.read")
        }
        if profile != nil, !ClientProfile.algorithms.contains(eventReceiver.algorithm) {
            reader.report(
                "event_receiver.signed_response_alg", "must be ES256, PS256 or Ed25519 for the client's profile")
        }
    }
}
