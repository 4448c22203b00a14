import JOSE
import Testing

@Suite("RFC 7517 §5: key sets")
struct JWKSetTests {
    private static let sound: JSON = [
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "sound",
    ]

    @Test(
        "keys of an unknown type or curve are ignored",
        arguments: [
            ["kty": "AKP", "alg": "ML-DSA-44"], ["kty": "EC", "crv": "secp256k1", "x": "AQ", "y": "AQ"],
            ["kty": "OKP", "crv": "X25519", "x": "AQ"], ["kty": "OKP", "crv": "Ed448", "x": "AQ"],
        ] as [JSON])
    func unknown(_ key: JSON) throws {
        #expect(try JWKSet(["keys": [key, Self.sound]]).keys.map(\.keyID) == ["sound"])
    }

    @Test(
        "a malformed key of a known type, a private key and a secret are refused",
        arguments: [
            1, [:], ["kty": 1], ["kty": "RSA", "n": "AQ", "e": "AQAB"], ["kty": "OKP", "crv": "Ed25519", "x": "AQ"],
            ["kty": "EC"], ["kty": "OKP", "crv": "X25519", "x": "AQ", "d": "AQ"], ["kty": "oct", "k": "AQ"],
            ["kty": "oct"],
        ] as [JSON])
    func broken(_ key: JSON) {
        #expect(throws: JWKError.self) { try JWKSet(["keys": [Self.sound, key]]) }
    }

    @Test(
        "an object without an array of keys is not a key set",
        arguments: [
            [:], ["keys": [:]], ["keys": .null], ["key": []],
        ] as [JSONObject])
    func noKeys(_ object: JSONObject) {
        #expect(throws: JWKError.self) { try JWKSet(object) }
    }

    @Test("the public form omits shared secrets")
    func publicForm() throws {
        let read = try JWKSet(["keys": [Self.sound]])
        #expect(JWKSet(keys: read.keys + [JWK(symmetric: Keys.secret)]).object == ["keys": [Self.sound]])
    }
}
