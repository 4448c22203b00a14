import JOSE
import Testing

@Suite("RFC 7515: JSON Web Signatures")
struct JWSTests {
    private static let every = Set(SignatureAlgorithm.asymmetric + SignatureAlgorithm.symmetric)

    @Test("all published signatures are found")
    func complete() { #expect(SignatureVector.all.count == 17) }

    @Test("published signatures are valid only under their algorithm and key", arguments: SignatureVector.all)
    func published(_ vector: SignatureVector) throws {
        let jws = try JWS(parsing: vector.compact)
        let keys = JWKSet(keys: [try vector.verifyingKey()])
        #expect(throws: Never.self) { try jws.verify(with: keys, allowing: [vector.algorithm]) }
        #expect(throws: JWSError.algorithm) {
            try jws.verify(with: keys, allowing: Self.every.subtracting([vector.algorithm]))
        }
        let other = try Self.otherKey(than: vector)
        #expect(throws: JWSError.signature) { try jws.verify(with: JWKSet(keys: [other]), allowing: Self.every) }
    }

    /// Another key for the algorithm, without `kid`.
    private static func otherKey(than vector: SignatureVector) throws -> JWK {
        guard !vector.algorithm.isSymmetric else { return JWK(symmetric: Keys.secret) }
        let name = vector.name == "RFC 7515 §A.2" ? "RFC 7520 §4.1" : "RFC 7515 §A.2"
        return try JWK(Keys.make(vector.algorithm, rsa: name).object.publicPart)
    }

    @Test(
        "deterministic signatures are reproduced",
        arguments: SignatureVector.all.filter {
            $0.key["d"] != nil && [.rs256, .edDSA].contains($0.algorithm)
        })
    func reproduced(_ vector: SignatureVector) async throws {
        let key = try PrivateKey(vector.key.with("alg", .string(vector.algorithm.rawValue)))
        let parts = vector.compact.split(separator: ".")
        let signature = try await key.signer().sign(Array("\(parts[0]).\(parts[1])".utf8))
        #expect(Base64URL.encode(signature) == parts[2])
    }

    @Test(
        "an unsecured JWS is never accepted (RFC 7515 §A.5, RFC 8725 §3.1)",
        arguments: [
            "none", "None", "NONE", "nOnE", "", "none ", "ES256 ", "es256", "HS256\u{0}",
        ])
    func unsecured(_ name: String) throws {
        let keys = JWKSet(keys: [try Keys.make(.es256).publicKey(), JWK(symmetric: Keys.secret)])
        let header: JSONObject = ["alg": .string(name)]
        let text = compact(String(decoding: header.serialized(), as: UTF8.self), "{}", signature: [])
        let jws = try JWS(parsing: text)
        #expect(throws: JWSError.algorithm) { try jws.verify(with: keys, allowing: Self.every) }
        #expect(throws: JWSError.unknownKey) { try jws.verify(with: keys, allowing: [.init(rawValue: name)]) }
    }

    @Test(
        "anything but a strict compact JWS is malformed",
        arguments: [
            "", ".", "..", "...", "a.b", "e30.e30.e30", "e30.e30.e30.e30.e30", compact("{}", "{}"), compact("[]", "{}"),
            compact("{\"alg\":1}", "{}"), compact("{\"alg\":null}", "{}"), compact("{\"alg\":[\"ES256\"]}", "{}"),
            compact("{\"alg\":\"ES256\",\"alg\":\"none\"}", "{}"),
            compact("{\"alg\":\"none\",\"\\u0061lg\":\"ES256\"}", "{}"),
            compact("{\"alg\":\"ES256\"} ,", "{}"), compact("{\"alg\":\"ES256\",\"kid\":1}", "{}"),
            compact("{\"alg\":\"ES256\",\"typ\":[]}", "{}"), compact("{\"alg\":\"ES256\",\"cty\":{}}", "{}"),
            compact(
                "{\"alg\":\"ES256\",\"x\":" + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
                    + "}", "{}"),
            "{\"alg\":\"ES256\"}.{}.", "{\"payload\":\"e30\",\"signatures\":[]}",
        ])
    func malformed(_ text: String) {
        #expect(throws: JWSError.malformed) { try JWS(parsing: text) }
    }

    @Test("a valid JWS is refused if padding, white space or another encoding is added")
    func oneForm() async throws {
        let key = try Keys.make(.edDSA)
        let sound = try await JWS.sign(Array("{}".utf8), type: nil, with: key.signer(keyID: "1"))
        #expect(throws: Never.self) { try JWS(parsing: sound) }
        let parts = sound.split(separator: ".").map(String.init)
        // A signature of 64 bytes leaves four bits of its last character unused, which must be zero.
        let last = try #require(parts[2].last)
        let sameBytes = try #require(["A": "B", "Q": "R", "g": "h", "w": "x"][last])
        for form in [
            " " + sound, sound + " ", sound + "\n", "\u{FEFF}" + sound, sound + ".", "." + sound, sound + "==",
            "\(parts[0])=.\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1])=.\(parts[2])",
            sound.replacing(".", with: ". "), sound.replacing(".", with: "\u{FF0E}"),
            "\(parts[0]).\(parts[1]).\(parts[2].dropLast())\(sameBytes)",
        ] {
            #expect(throws: JWSError.malformed, "\(form)") { try JWS(parsing: form) }
        }
    }

    @Test("a JWS without its signature, or with that of another, is refused")
    func otherSignature() async throws {
        let key = try Keys.make(.edDSA)
        let parts = try await JWS.sign(Array("{}".utf8), type: nil, with: key.signer()).split(separator: ".")
        for signature in ["", "AA", Base64URL.encode([UInt8](repeating: 0, count: 64))] {
            let jws = try JWS(parsing: "\(parts[0]).\(parts[1]).\(signature)")
            #expect(throws: JWSError.signature) {
                try jws.verify(with: JWKSet(keys: [key.publicKey()]), allowing: [.edDSA])
            }
        }
    }

    @Test("a JWS longer than 64 KiB is not parsed")
    func length() async throws {
        let signer = try Keys.make(.edDSA).signer(keyID: "1")
        let long = try await JWS.sign([UInt8](repeating: 0x20, count: 49_200), type: nil, with: signer)
        #expect(throws: JWSError.malformed) { try JWS(parsing: long) }
        let short = try await JWS.sign([UInt8](repeating: 0x20, count: 48_000), type: nil, with: signer)
        #expect(throws: Never.self) { try JWS(parsing: short) }
    }

    @Test(
        "a critical extension is refused, signed or not (§4.1.11, RFC 7797 §6)",
        arguments: [
            "\"crit\":[\"exp\"]", "\"crit\":[]", "\"crit\":null", "\"crit\":\"exp\"", "\"crit\":[\"b64\"],\"b64\":true",
            "\"crit\":[\"b64\"],\"b64\":false", "\"b64\":false", "\"b64\":true",
        ])
    func critical(_ members: String) async throws {
        let key = try Keys.make(.es256)
        let text = try await forge("{\"alg\":\"ES256\",\(members)}", "{}") { try await key.signer().sign($0) }
        #expect(throws: JWSError.criticalExtension) { try JWS(parsing: text) }
    }

    @Test("a public RSA key is not accepted as an HMAC secret (RFC 8725 §2.1)", arguments: SignatureAlgorithm.symmetric)
    func confusion(_ algorithm: SignatureAlgorithm) async throws {
        let key = try Keys.make(.rs256).publicKey()
        let object = try #require(key.object)
        let modulus = try Base64URL.decode(try #require(object["n"]?.string))
        for secret in [object.serialized(), modulus, Array((object["n"]?.string ?? "").utf8)] {
            let text = try await forge("{\"alg\":\"\(algorithm.rawValue)\"}", "{}") { input in
                try OpenSSLKey(secret: secret).sign(input, by: algorithm)
            }
            #expect(throws: JWSError.unknownKey) {
                try JWS(parsing: text).verify(with: JWKSet(keys: [key]), allowing: Self.every)
            }
        }
    }

    @Test("a key in the header is not used (RFC 8725 §3.10)")
    func embeddedKey() async throws {
        let (ours, attacker) = (try Keys.make(.es256), try Keys.make(.es256))
        let embedded = try #require(attacker.publicKey().object)
        for name in ["jwk", "jku", "x5u", "x5c"] {
            let value: JSON = name == "jwk" ? .object(embedded) : "https://attacker.example/keys"
            let text = try await JWS.sign([], type: nil, header: [name: value], with: attacker.signer(keyID: "ours"))
            #expect(throws: JWSError.signature) {
                try JWS(parsing: text).verify(with: JWKSet(keys: [ours.publicKey(keyID: "ours")]), allowing: Self.every)
            }
        }
    }

    @Test(
        "kid selects the key; a token without kid matches any key (§4.1.4)",
        arguments: [
            ("a", "a", nil), ("a", "b", .unknownKey), ("a", nil, nil), (nil, "b", nil), (nil, nil, nil),
            ("\u{212A}", "K", .unknownKey), ("", "a", .unknownKey),
        ] as [(String?, String?, JWSError?)])
    func keyID(_ named: String?, _ had: String?, _ error: JWSError?) async throws {
        let key = try Keys.make(.edDSA)
        let text = try await forge(
            named.map { "{\"alg\":\"EdDSA\",\"kid\":\"\($0)\"}" } ?? "{\"alg\":\"EdDSA\"}", "{}"
        ) { try await key.signer().sign($0) }
        let published = try JWK(key.object.publicPart.with("kid", had.map(JSON.string)))
        let found = Result { try JWS(parsing: text).verify(with: JWKSet(keys: [published]), allowing: [.edDSA]) }
        switch (found, error) {
        case (.success(let key), nil): #expect(key.keyID == had)
        case (.failure(let thrown), let error?): #expect(thrown as? JWSError == error)
        default: Issue.record("\(found)")
        }
    }

    @Test("FAPI2-SP-044: of several keys with one kid, the one that fits the algorithm and the signature is found")
    func sharedKeyID() async throws {
        let keys = try [Keys.make(.es256), PrivateKey.generate(for: .es256), Keys.make(.ps256)]
        let set = JWKSet(keys: keys.map { $0.publicKey(keyID: "same") })
        for key in keys {
            let text = try await JWS.sign([], type: nil, with: key.signer(keyID: "same"))
            let found = try JWS(parsing: text).verify(with: set, allowing: [.es256, .ps256])
            #expect(found.thumbprint == key.publicKey().thumbprint)
        }
    }

    @Test("without kid, at most eight keys are tried")
    func tries() async throws {
        let key = try Keys.make(.edDSA)
        let text = try await forge("{\"alg\":\"EdDSA\"}", "{}") { try await key.signer().sign($0) }
        let others = try (0..<8).map { try PrivateKey.generate(for: .edDSA).publicKey(keyID: "\($0)") }
        let foreign = try (0..<20).map { try PrivateKey.generate(for: .es256).publicKey(keyID: "\($0)") }
        let jws = try JWS(parsing: text)
        let own = key.publicKey()
        #expect(
            try jws.verify(with: JWKSet(keys: foreign + others.dropLast() + [own]), allowing: [.edDSA]).keyID
                == own.keyID)
        #expect(throws: JWSError.signature) { try jws.verify(with: JWKSet(keys: others + [own]), allowing: [.edDSA]) }
    }

    @Test(
        "signing and parsing return the same payload, and the header can't be overridden",
        arguments: SignatureAlgorithm.asymmetric)
    func signed(_ algorithm: SignatureAlgorithm) async throws {
        let key = try Keys.make(algorithm)
        let text = try await JWS.sign(
            [0, 255], type: "x", header: ["alg": "none", "kid": "other", "typ": "y", "htm": "POST"], with: key.signer())
        let jws = try JWS(parsing: text)
        #expect(jws.payload == [0, 255])
        #expect(
            jws.header == [
                "alg": .string(algorithm.rawValue), "typ": "x", "kid": .string(key.publicKey().thumbprint),
                "htm": "POST",
            ])
        let found = try jws.verify(with: JWKSet(keys: [key.publicKey()]), allowing: [algorithm])
        #expect(found.keyID == key.publicKey().keyID)
    }
}
