import Crypto
import Foundation
@testable import JOSE

/// JSON Web Signatures (RFC 7515) and the keys that verify them (RFC 7517).
enum JWSFuzz {
    /// No input was signed with these keys, so whatever they verify is forged.
    private static let keys: JWKSet = {
        let secret = (0..<64).map { _ in UInt8.random(in: .min ... .max) }
        let point = P256.Signing.PrivateKey().publicKey.rawRepresentation
        let key: JSONObject = [
            "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(point.prefix(32))),
            "y": .string(Base64URL.encode(point.suffix(32))),
        ]
        guard let key = try? JWK(key) else { fatalError("the key is invalid") }
        return JWKSet(keys: [JWK(symmetric: secret), key])
    }()

    static func check(_ input: [UInt8]) {
        if let object = try? JSONObject(parsing: input) { checkKeys(object) }
        let text = String(decoding: input, as: UTF8.self)
        guard let jws = try? JWS(parsing: text) else { return }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        require(parts.count == 3, "a JWS has three parts")
        for part in parts {
            let bytes = try? Base64URL.decode(utf8: part)
            require(bytes.map { Base64URL.encodeBytes($0) } == Array(part), "a value has one encoding")
        }
        require(jws.header["alg"]?.string != nil && jws.header["crit"] == nil, "the header is supported")
        let algorithms = Set(SignatureAlgorithm.symmetric + SignatureAlgorithm.asymmetric)
        require((try? jws.verify(with: keys, allowing: algorithms)) == nil, "no forged signature verifies")
        _ = try? JWT.unverifiedClaims(of: text)
    }

    private static func checkKeys(_ object: JSONObject) {
        guard let set = try? JWKSet(object) else { return }
        let published = set.object
        require((try? JWKSet(published))?.object == published, "keys survive publishing and parsing")
        for key in published["keys"]?.array ?? [] {
            require(key.object.map { $0["d"] == nil && $0["k"] == nil } == true, "a published key is public")
        }
    }
}
