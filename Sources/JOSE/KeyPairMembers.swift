import Crypto
import CryptoExtras
import FoundationEssentials

extension KeyPair {
    /// Parses the private members of a JWK (RFC 7518 §6.2.2, §6.3.2; RFC 8037 §2).
    init(_ object: JSONObject) throws(JWKError) {
        let members = JWKMembers(object)
        switch (object["kty"]?.string, object["crv"]?.string) {
        case ("EC", "P-256"):
            let secret = try members.bytes("d", size: 32)
            self = try Self.refusing { .p256(try P256.Signing.PrivateKey(rawRepresentation: secret)) }
        case ("EC", "P-384"):
            let secret = try members.bytes("d", size: 48)
            self = try Self.refusing { .p384(try P384.Signing.PrivateKey(rawRepresentation: secret)) }
        case ("EC", "P-521"):
            let secret = try members.bytes("d", size: 66)
            self = try Self.refusing { .p521(try P521.Signing.PrivateKey(rawRepresentation: secret)) }
        case ("OKP", "Ed25519"):
            let secret = try members.bytes("d", size: 32)
            self = try Self.refusing { .ed25519(try Curve25519.Signing.PrivateKey(rawRepresentation: secret)) }
        case ("RSA", _):
            var numbers: [[UInt8]] = []
            for name in RSAPrivateKeyDER.names { numbers.append(try members.number(name)) }
            let der = RSAPrivateKeyDER.encode(numbers)
            self = try Self.refusing { .rsa(try _RSA.Signing.PrivateKey(derRepresentation: der)) }
        default: throw JWKError(reason: "is not a private key of a known type", isUnknownType: true)
        }
        // Otherwise the public part of another key would be published in place of ours.
        guard self.members.members.allSatisfy({ object[$0.name] == $0.value }) else {
            throw JWKError(reason: "has public members that do not match its private key")
        }
    }

    /// All members that make up the key, including the private ones.
    var members: JSONObject {
        var object = publicKey.members ?? [:]
        switch self {
        case .p256(let key): object["d"] = .string(Base64URL.encode(key.rawRepresentation))
        case .p384(let key): object["d"] = .string(Base64URL.encode(key.rawRepresentation))
        case .p521(let key): object["d"] = .string(Base64URL.encode(key.rawRepresentation))
        case .ed25519(let key): object["d"] = .string(Base64URL.encode(key.rawRepresentation))
        case .rsa(let key):
            let numbers = RSAPrivateKeyDER.decode(Array(key.derRepresentation))
            for (name, number) in zip(RSAPrivateKeyDER.names, numbers) {
                object[name] = .string(Base64URL.encode(number))
            }
        }
        return object
    }

    private static func refusing(_ make: () throws -> KeyPair) throws(JWKError) -> KeyPair {
        do { return try make() } catch { throw JWKError(reason: "has a malformed private key") }
    }
}
