import JOSE

/// What the page's script sends of a new credential: `RegistrationResponseJSON` (WebAuthn L3 §5.1).
struct PasskeyRegistrationResponse: Sendable {
    let clientDataJSON: [UInt8]
    let attestationObject: [UInt8]
    let transports: [String]

    init(parsing text: String) throws(PasskeyRefusal) {
        let (_, response) = try PasskeyResponseJSON.parse(text)
        clientDataJSON = try PasskeyResponseJSON.bytes("clientDataJSON", of: response)
        attestationObject = try PasskeyResponseJSON.bytes("attestationObject", of: response)
        // A hint that is handed back to the browser: short names, as the standard has them.
        transports = (response["transports"]?.array ?? []).compactMap(\.string).prefix(8).filter { name in
            (1...32).contains(name.utf8.count) && name.utf8.allSatisfy { 0x61...0x7A ~= $0 || $0 == 0x2D }
        }
    }
}

/// What the page's script sends of a credential that was shown: `AuthenticationResponseJSON` (WebAuthn L3 §5.1).
struct PasskeyAssertionResponse: Sendable {
    let credentialID: [UInt8]
    let clientDataJSON: [UInt8]
    let authenticatorData: [UInt8]
    let signature: [UInt8]
    let userHandle: [UInt8]?

    init(parsing text: String) throws(PasskeyRefusal) {
        let (credential, response) = try PasskeyResponseJSON.parse(text)
        credentialID = try PasskeyResponseJSON.bytes("rawId", of: credential)
        clientDataJSON = try PasskeyResponseJSON.bytes("clientDataJSON", of: response)
        authenticatorData = try PasskeyResponseJSON.bytes("authenticatorData", of: response)
        signature = try PasskeyResponseJSON.bytes("signature", of: response)
        let hasHandle = response["userHandle"].map { $0 != .null } ?? false
        userHandle = hasHandle ? try PasskeyResponseJSON.bytes("userHandle", of: response) : nil
    }
}

/// What both have in common.
private enum PasskeyResponseJSON {
    static func parse(_ text: String) throws(PasskeyRefusal) -> (credential: JSONObject, response: JSONObject) {
        guard let credential = try? JSONObject(parsing: Array(text.utf8)),
            let response = credential["response"]?.object,
            credential["type"]?.string == "public-key"
        else { throw PasskeyRefusal("the credential is no JSON of a public key") }
        return (credential, response)
    }

    static func bytes(_ name: String, of object: JSONObject) throws(PasskeyRefusal) -> [UInt8] {
        guard let text = object[name]?.string, let bytes = try? Base64URL.decode(text) else {
            throw PasskeyRefusal("the credential has no \(name)")
        }
        return bytes
    }
}
