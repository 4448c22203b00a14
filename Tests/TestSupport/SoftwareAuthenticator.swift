package import Authenticators
import Crypto
import CryptoExtras
import FoundationEssentials
import IdentityProvider
package import JOSE

/// An authenticator and its browser, with keys in memory. Tests set whatever should differ from honest behavior.
package struct SoftwareAuthenticator: Sendable {
    private enum Key: Sendable {
        case es256(P256.Signing.PrivateKey)
        case edDSA(Curve25519.Signing.PrivateKey)
        case rs256(_RSA.Signing.PrivateKey)
    }

    private let key: Key
    package var credentialID = RandomBytes.make(32)
    package var aaguid = [UInt8](repeating: 7, count: 16)
    package var rpID: String
    package var origin: String
    package var crossOrigin: Bool?
    package var topOrigin: String?
    /// UP, UV; BE and BS are 8 and 16.
    package var flags: UInt8 = 0b101
    package var signCount = 0
    /// The user, from the options of the enrollment.
    package var userHandle: [UInt8]?
    /// Data after the credential, or after the counter, in authenticator data.
    package var trailer: [UInt8] = []

    package init(
        _ algorithm: COSEAlgorithm = .es256, rpID: String = "id.example.com",
        origin: String = "https://id.example.com"
    ) throws {
        key =
            switch algorithm {
            case .es256: .es256(P256.Signing.PrivateKey())
            case .edDSA: .edDSA(Curve25519.Signing.PrivateKey())
            case .rs256: .rs256(try _RSA.Signing.PrivateKey(keySize: .bits2048))
            }
        self.rpID = rpID
        self.origin = origin
    }

    /// Creates the same authenticator each time, with a key and credential derived from `seed`.
    package init(seed: UInt8) throws {
        key = .es256(try P256.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32)))
        credentialID = [UInt8](repeating: seed, count: 32)
        rpID = "id.example.com"
        origin = "https://id.example.com"
    }

    package func clientDataJSON(_ type: String, _ challenge: [UInt8]) -> [UInt8] {
        var object: JSONObject = [
            "type": .string(type), "challenge": .string(Base64URL.encode(challenge)), "origin": .string(origin),
        ]
        object["crossOrigin"] = crossOrigin.map(JSON.bool)
        object["topOrigin"] = topOrigin.map(JSON.string)
        return object.serialized()
    }

    /// Returns authenticator data; with `isNew`, it contains the credential.
    package func data(isNew: Bool) -> [UInt8] {
        let count = (0..<4).reversed().map { UInt8(truncatingIfNeeded: signCount >> ($0 * 8)) }
        let size = [UInt8(credentialID.count >> 8), UInt8(credentialID.count & 255)]
        return Array(SHA256.hash(data: Array(rpID.utf8))) + [isNew ? flags | 64 : flags] + count
            + (isNew ? aaguid + size + credentialID + publicKey.encoded() : []) + trailer
    }

    package var publicKey: CBOR {
        switch key {
        case .es256(let key):
            let point = key.publicKey.rawRepresentation
            return .map([
                1: 2, 3: -7, -1: 1, -2: .bytes(Array(point.prefix(32))), -3: .bytes(Array(point.suffix(32))),
            ])
        case .edDSA(let key):
            return .map([1: 1, 3: -8, -1: 6, -2: .bytes(Array(key.publicKey.rawRepresentation))])
        case .rs256(let key):
            let numbers = try? key.publicKey.getKeyPrimitives()
            return .map([
                1: 3, 3: -257, -1: .bytes(Array(numbers?.modulus ?? Data())),
                -2: .bytes(Array(numbers?.publicExponent ?? Data())),
            ])
        }
    }

    package var algorithm: COSEAlgorithm {
        switch key {
        case .es256: .es256
        case .edDSA: .edDSA
        case .rs256: .rs256
        }
    }

    package func sign(_ message: [UInt8]) throws -> [UInt8] {
        switch key {
        case .es256(let key): Array(try key.signature(for: SHA256.hash(data: message)).derRepresentation)
        case .edDSA(let key): Array(try key.signature(for: message))
        case .rs256(let key):
            Array(
                try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5).rawRepresentation)
        }
    }

    package func attestationObject(_ format: String = "none", _ statement: [CBOR: CBOR] = [:]) -> [UInt8] {
        CBOR.map([
            "fmt": .text(format), "attStmt": .map(statement), "authData": .bytes(data(isNew: true)),
        ]).encoded()
    }

    /// Returns the statement of self attestation (WebAuthn L3 §8.2).
    package func selfAttestation(of clientDataJSON: [UInt8]) throws -> [CBOR: CBOR] {
        let message = data(isNew: true) + Array(SHA256.hash(data: clientDataJSON))
        return ["alg": .integer(algorithm.rawValue), "sig": .bytes(try sign(message))]
    }

    package func assertionSignature(of clientDataJSON: [UInt8]) throws -> [UInt8] {
        try sign(data(isNew: false) + Array(SHA256.hash(data: clientDataJSON)))
    }
}

extension SoftwareAuthenticator {
    /// Returns a `RegistrationResponseJSON` for a page's options (WebAuthn L3 §5.1).
    package mutating func create(_ options: JSONObject) throws -> String {
        userHandle = try Base64URL.decode(options["user"]?.object?["id"]?.string ?? "")
        let client = clientDataJSON("webauthn.create", try Self.challenge(options))
        return credential([
            "clientDataJSON": .string(Base64URL.encode(client)),
            "attestationObject": .string(Base64URL.encode(attestationObject())),
            "transports": ["internal", "hybrid"],
        ])
    }

    /// Returns an `AuthenticationResponseJSON` for a page's options.
    package func get(_ options: JSONObject) throws -> String {
        let client = clientDataJSON("webauthn.get", try Self.challenge(options))
        var response: JSONObject = [
            "clientDataJSON": .string(Base64URL.encode(client)),
            "authenticatorData": .string(Base64URL.encode(data(isNew: false))),
            "signature": .string(Base64URL.encode(try assertionSignature(of: client))),
        ]
        response["userHandle"] = userHandle.map { .string(Base64URL.encode($0)) }
        return credential(response)
    }

    private func credential(_ response: JSONObject) -> String {
        let id = JSON.string(Base64URL.encode(credentialID))
        let object: JSONObject = [
            "id": id, "rawId": id, "type": "public-key", "response": .object(response),
            "authenticatorAttachment": "platform", "clientExtensionResults": [:],
        ]
        return String(decoding: object.serialized(), as: UTF8.self)
    }

    private static func challenge(_ options: JSONObject) throws -> [UInt8] {
        try Base64URL.decode(options["challenge"]?.string ?? "")
    }
}

extension CBOR {
    /// Encodes canonical CBOR (CTAP 2.1 §8).
    package func encoded() -> [UInt8] {
        switch self {
        case .integer(let value): value < 0 ? Self.head(1, -1 - value) : Self.head(0, value)
        case .bytes(let value): Self.head(2, value.count) + value
        case .text(let value): Self.head(3, value.utf8.count) + Array(value.utf8)
        case .array(let items): Self.head(4, items.count) + items.flatMap { $0.encoded() }
        case .map(let items):
            Self.head(5, items.count)
                + items.map { (key: $0.key.encoded(), value: $0.value.encoded()) }.sorted {
                    ($0.key.count, $0.key.lexicographicallyPrecedes($1.key) ? 0 : 1) < ($1.key.count, 1)
                }.flatMap { $0.key + $0.value }
        case .bool(let value): [value ? 0xF5 : 0xF4]
        case .null: [0xF6]
        }
    }

    private static func head(_ type: UInt8, _ value: Int) -> [UInt8] {
        let bytes = (0..<8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        switch value {
        case 0..<24: return [type << 5 | UInt8(value)]
        case 24..<256: return [type << 5 | 24] + bytes.suffix(1)
        case 256..<65_536: return [type << 5 | 25] + bytes.suffix(2)
        case 65_536..<(1 << 32): return [type << 5 | 26] + bytes.suffix(4)
        default: return [type << 5 | 27] + bytes
        }
    }
}
