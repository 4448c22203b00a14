import Crypto
import JOSE

/// The browser's description of a ceremony. The authenticator signs its hash (WebAuthn L3 §5.8.1).
struct ClientData: Sendable {
    let type: String
    let challenge: [UInt8]
    let origin: String
    let isCrossOrigin: Bool
    let topOrigin: String?
    let hash: [UInt8]

    /// The numbers of the ceremony's steps in §7.1 or §7.2.
    struct Steps {
        let parse, type, challenge, origin, crossOrigin, topOrigin: String
    }

    /// Parses and checks the client data. Throws at the first step that fails.
    init(
        parsing bytes: [UInt8], type: String, challenge: [UInt8], for party: RelyingParty, steps: Steps
    ) throws(WebAuthnRefusal) {
        self = try Self(parsing: bytes, step: steps.parse)
        guard self.type.isExactly(type) else { throw WebAuthnRefusal(steps.type, "has the wrong type") }
        guard self.challenge == challenge else {
            throw WebAuthnRefusal(steps.challenge, "has the wrong challenge")
        }
        guard origin.isExactly(party.origin) else { throw WebAuthnRefusal(steps.origin, "has the wrong origin") }
        // We never frame our pages, so another site has embedded them.
        guard !isCrossOrigin else { throw WebAuthnRefusal(steps.crossOrigin, "comes from a cross-origin frame") }
        guard topOrigin == nil else { throw WebAuthnRefusal(steps.topOrigin, "has a top origin, expected none") }
    }

    private init(parsing bytes: [UInt8], step: String) throws(WebAuthnRefusal) {
        // The Encoding Standard's "UTF-8 decode" drops a byte order mark.
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        guard let object = try? JSONObject(parsing: text) else { throw WebAuthnRefusal(step, "is not a JSON object") }
        guard let type = object["type"]?.string, let origin = object["origin"]?.string,
            let challenge = object["challenge"]?.string.flatMap({ try? Base64URL.decode($0) })
        else { throw WebAuthnRefusal(step, "has no valid type, challenge or origin") }
        self.type = type
        self.origin = origin
        self.challenge = challenge
        isCrossOrigin = try Self.read("crossOrigin", of: object, \.bool, step) ?? false
        topOrigin = try Self.read("topOrigin", of: object, \.string, step)
        hash = Array(SHA256.hash(data: bytes))
    }

    private static func read<Value>(
        _ name: String, of object: JSONObject, _ value: (JSON) -> Value?, _ step: String
    ) throws(WebAuthnRefusal) -> Value? {
        guard let member = object[name] else { return nil }
        guard let value = value(member) else { throw WebAuthnRefusal(step, "has a \(name) of the wrong type") }
        return value
    }
}
