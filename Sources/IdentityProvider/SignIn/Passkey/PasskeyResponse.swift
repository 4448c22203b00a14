import JOSE

/// A new credential as the page's script sends it: `RegistrationResponseJSON` (WebAuthn L3 §5.1).
struct PasskeyRegistrationResponse: Sendable {
    let clientDataJSON: [UInt8]
    let attestationObject: [UInt8]
    let transports: [String]

    init(parsing text: String) throws(PasskeyRefusal) {
        let (_, response) = try PasskeyResponseJSON.parse(text)
        clientDataJSON = try PasskeyResponseJSON.bytes("clientDataJSON", of: response)
        attestationObject = try PasskeyResponseJSON.bytes("attestationObject", of: response)
        // A hint that is later passed back to browsers. Limited to short lowercase names, like those of the standard.
        transports = (response["transports"]?.array ?? []).compactMap(\.string).prefix(8).filter { name in
            (1...32).contains(name.utf8.count) && name.utf8.allSatisfy { 0x61...0x7A ~= $0 || $0 == 0x2D }
        }
    }
}

/// An assertion as the page's script sends it: `AuthenticationResponseJSON` (WebAuthn L3 §5.1).
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

/// The parts that both responses share.
private enum PasskeyResponseJSON {
    static func parse(_ text: String) throws(PasskeyRefusal) -> (credential: JSONObject, response: JSONObject) {
        guard let credential = try? JSONObject(parsing: Array(text.utf8)),
            let response = credential["response"]?.object,
            credential["type"]?.string == "public-key"
        else { throw PasskeyRefusal("the credential is not the JSON form of a PublicKeyCredential") }
        return (credential, response)
    }

    static func bytes(_ name: String, of object: JSONObject) throws(PasskeyRefusal) -> [UInt8] {
        guard let text = object[name]?.string, let bytes = try? Base64URL.decode(text) else {
            throw PasskeyRefusal("the credential has no \(name), or it is not valid base64url")
        }
        return bytes
    }
}
