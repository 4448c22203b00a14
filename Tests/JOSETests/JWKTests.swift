import JOSE
import Testing

@Suite("RFC 7517, RFC 7518 §6, RFC 8037 §2: verification keys")
struct JWKTests {
    private static let p256: JSONObject = [
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    ]
    private static let ed25519: JSONObject = [
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    ]
    private static func rsa() throws -> JSONObject {
        try #require(ThumbprintVector.all.first?.key)
    }
    private static func encoded(_ bytes: [UInt8]) -> JSON { .string(Base64URL.encode(bytes)) }

    @Test("a key with private members is refused", arguments: ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
    func privateMembers(_ name: String) throws {
        for key in [Self.p256, Self.ed25519, try Self.rsa()] {
            #expect(throws: JWKError.self) { try JWK(key.with(name, "AQAB")) }
        }
    }

    @Test("a shared secret is not a public key")
    func sharedSecret() {
        #expect(throws: JWKError.self) { try JWK(["kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"]) }
        #expect(throws: JWKError.self) { try JWK(["kty": "oct"]) }
    }

    @Test(
        "an elliptic curve key needs all members, with the exact length and a point on the curve",
        arguments: [
            ("kty", nil), ("kty", 1), ("kty", "ec"), ("crv", nil), ("crv", "P-384"), ("crv", "p-256"), ("x", nil),
            ("x", ""),
            ("x", 1), ("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU="),
            ("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE"),
            ("x", "APfNzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF"), ("y", nil),
            ("y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"), ("y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw"),
            ("y", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), ("x", "_____wAAAAEAAAAAAAAAAAAAAAD_______________8"),
        ] as [(String, JSON?)])
    func elliptic(_ name: String, _ value: JSON?) {
        #expect(throws: JWKError.self) { try JWK(Self.p256.with(name, value)) }
    }

    @Test(
        "an Edwards curve key needs 32 bytes",
        arguments: [
            nil, "", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ", "ANdamAGCsQq31Uv-08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
        ] as [JSON?])
    func edwards(_ x: JSON?) {
        #expect(throws: JWKError.self) { try JWK(Self.ed25519.with("x", x)) }
    }

    @Test("an RSA key of an unsafe size or exponent is refused")
    func unsafeRSA() throws {
        let key = try Self.rsa()
        let modulus = try Base64URL.decode(try #require(key["n"]?.string))
        // 2,047 bits in 256 bytes; 1,024 bits; 8,200 bits; a leading zero (RFC 7518 §6.3.1.1); an even modulus.
        let moduli: [[UInt8]] = [
            [0x7F] + modulus.dropFirst(), Array(modulus.suffix(128)), [UInt8](repeating: 0xFF, count: 1_025),
            [0] + modulus,
            modulus.dropLast() + [0xA2], [0], [],
        ]
        for modulus in moduli {
            #expect(throws: JWKError.self) { try JWK(key.with("n", Self.encoded(modulus))) }
        }
        let exponents: [[UInt8]] = [[], [0], [1], [2], [0, 1, 0, 1], [1, 0, 0], [1, 0, 0, 0, 1], [0xFF] + modulus]
        for exponent in exponents {
            #expect(throws: JWKError.self) { try JWK(key.with("e", Self.encoded(exponent))) }
        }
        #expect(throws: JWKError.self) { try JWK(key.with("n", nil)) }
        #expect(throws: JWKError.self) { try JWK(key.with("e", 65_537)) }
        #expect(throws: Never.self) { try JWK(key.with("e", Self.encoded([3]))) }
    }

    @Test(
        "alg, use, kid and key_ops of the wrong type are refused",
        arguments: [
            ("alg", 1), ("use", ["sig"]), ("kid", 7), ("kid", .null), ("key_ops", "verify"), ("key_ops", [1]),
            ("key_ops", ["verify", "verify"]), ("alg", "HS256"), ("alg", "RS256"), ("alg", "ES384"), ("alg", "EdDSA"),
        ] as [(String, JSON)])
    func malformed(_ name: String, _ value: JSON) {
        #expect(throws: JWKError.self) { try JWK(Self.p256.with(name, value)) }
    }

    @Test(
        "a key verifies the algorithms that its type, alg, use and key_ops all allow",
        arguments: [
            ([:], true), (["alg": "ES256"], true), (["use": "sig"], true), (["key_ops": ["verify"]], true),
            (["use": "enc"], false), (["key_ops": ["sign"]], false), (["key_ops": []], false),
            (["use": "enc", "key_ops": ["verify"]], false), (["alg": "ECDH-ES"], false), (["alg": "none"], false),
        ] as [(JSONObject, Bool)])
    func supports(_ members: JSONObject, _ expected: Bool) throws {
        let key = try JWK(members.members.reduce(Self.p256) { $0.with($1.name, $1.value) })
        #expect(key.supports(.es256) == expected)
        for algorithm in SignatureAlgorithm.asymmetric + SignatureAlgorithm.symmetric where algorithm != .es256 {
            #expect(!key.supports(algorithm))
        }
        #expect(!key.supports(.init(rawValue: "none")))
    }

    @Test("an RSA key verifies six algorithms, or only its alg")
    func supportsRSA() throws {
        let key = try Self.rsa().with("alg", nil)
        #expect(SignatureAlgorithm.asymmetric.filter(try JWK(key).supports).count == 6)
        #expect(SignatureAlgorithm.asymmetric.filter(try JWK(key.with("alg", "PS384")).supports) == [.ps384])
    }

    @Test(
        "a secret shorter than the hash verifies nothing (RFC 7518 §3.2)",
        arguments: [
            (0, []), (31, []), (32, [.hs256]), (47, [.hs256]), (48, [.hs256, .hs384]), (63, [.hs256, .hs384]),
            (64, [.hs256, .hs384, .hs512]),
        ] as [(Int, [SignatureAlgorithm])])
    func shortSecrets(_ length: Int, _ expected: [SignatureAlgorithm]) throws {
        let secret = [UInt8](repeating: 7, count: length)
        let key = JWK(symmetric: secret)
        #expect(SignatureAlgorithm.symmetric.filter(key.supports) == expected)
        #expect(SignatureAlgorithm.asymmetric.filter(key.supports).isEmpty)
        guard length > 0 else { return }
        let message = Array("message".utf8)
        for algorithm in SignatureAlgorithm.symmetric {
            let signature = try OpenSSLKey(secret: secret).sign(message, by: algorithm)
            #expect(key.isValid(signature, of: message, by: algorithm) == expected.contains(algorithm))
        }
    }

    @Test("the public form contains only what was parsed")
    func publicForm() throws {
        let object = Self.p256.with("kid", "1").with("alg", "ES256").with("use", "sig")
        #expect(try JWK(object).object == object)
        #expect(try JWK(object.with("x5u", "https://attacker.example").with("iat", 1)).object == object)
        #expect(JWK(symmetric: Keys.secret).object == nil)
    }

    @Test("a shared secret is never printed")
    func hidden() {
        let key = JWK(symmetric: Keys.secret, keyID: "name")
        expectHidden(
            key, secrets: [String(decoding: Keys.secret, as: UTF8.self), Base64URL.encode(Keys.secret), "48, 49"])
        expectHidden(
            JWKSet(keys: [key]), secrets: [String(decoding: Keys.secret, as: UTF8.self), "48, 49", "SymmetricKey"])
    }
}

/// Fails if any way to print `value` reveals one of `secrets`.
func expectHidden(_ value: some Any, secrets: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    var dumped = ""
    dump(value, to: &dumped)
    for text in [dumped, "\(value)", String(describing: value), String(reflecting: value), "\([value])"] {
        for secret in secrets { #expect(!text.contains(secret), sourceLocation: sourceLocation) }
    }
}
