import JOSE
import Testing

@Suite("RFC 7518 §6: private keys")
struct PrivateKeyTests {
    @Test(
        "no key is generated for a symmetric, unknown or missing algorithm",
        arguments: ["HS256", "none", "", "RS1", "ES256K"])
    func unsupported(_ name: String) {
        #expect(throws: UnsupportedAlgorithm.self) { try PrivateKey.generate(for: .init(rawValue: name)) }
    }

    @Test("no RSA key of an unsafe size is generated", arguments: [512, 1_024, 2_047, 16_384])
    func unsafeSize(_ bits: Int) {
        #expect(throws: UnsupportedAlgorithm.self) { try PrivateKey.generate(for: .rs256, rsaBits: bits) }
    }

    @Test("a private JWK survives writing and parsing", arguments: SignatureAlgorithm.asymmetric)
    func roundTrip(_ algorithm: SignatureAlgorithm) async throws {
        let key = try Keys.make(algorithm)
        let again = try PrivateKey(parsing: key.serialized())
        #expect(again.object == key.object)
        #expect(again.algorithm == algorithm)
        let signature = try await again.signer().sign([1, 2, 3])
        #expect(key.publicKey().isValid(signature, of: [1, 2, 3], by: algorithm))
    }

    @Test(
        "published private keys are parsed completely",
        arguments: SignatureVector.all.filter { $0.key["d"] != nil })
    func published(_ vector: SignatureVector) throws {
        let key = try PrivateKey(vector.key.with("alg", .string(vector.algorithm.rawValue)))
        for (name, value) in key.object.members where name != "alg" { #expect(vector.key[name] == value) }
        #expect(try key.publicKey().thumbprint == vector.verifyingKey().thumbprint)
    }

    @Test("a new RSA key has the requested size")
    func newRSA() throws {
        let key = try PrivateKey.generate(for: .ps256)
        #expect(try Base64URL.decode(try #require(key.object["n"]?.string)).count == 256)
        #expect(try PrivateKey(key.object).object == key.object)
    }

    @Test("a private JWK with one wrong member is refused", arguments: SignatureAlgorithm.asymmetric)
    func tampered(_ algorithm: SignatureAlgorithm) throws {
        let key = try Keys.make(algorithm).object
        for name in key.names {
            #expect(throws: JWKError.self, "\(name) of another kind") { try PrivateKey(key.with(name, 1)) }
            #expect(throws: JWKError.self, "\(name) of another value") { try PrivateKey(key.with(name, "AQAB1")) }
        }
        for name in key.names where name != "alg" {
            #expect(throws: JWKError.self, "without \(name)") { try PrivateKey(key.with(name, nil)) }
        }
        #expect(throws: JWKError.self) { try PrivateKey(key.with("alg", "HS256")) }
        #expect(throws: JWKError.self) { try PrivateKey(key.with("alg", "none")) }
    }

    @Test(
        "a private JWK with the public part of another key is refused",
        arguments: [
            SignatureAlgorithm.es256, .es384, .es512, .edDSA,
        ])
    func otherPublicPart(_ algorithm: SignatureAlgorithm) throws {
        let other = try PrivateKey.generate(for: algorithm).object["x"]
        #expect(throws: JWKError.self) { try PrivateKey(PrivateKey.generate(for: algorithm).object.with("x", other)) }
    }

    @Test("alg may be omitted only if the curve implies it")
    func soleAlgorithm() throws {
        for algorithm in [SignatureAlgorithm.es256, .es384, .es512, .edDSA] {
            #expect(try PrivateKey(Keys.make(algorithm).object.with("alg", nil)).algorithm == algorithm)
        }
        #expect(throws: JWKError.self) { try PrivateKey(Keys.make(.rs256).object.with("alg", nil)) }
    }

    @Test("the public key states its use and contains nothing private", arguments: SignatureAlgorithm.asymmetric)
    func publicKey(_ algorithm: SignatureAlgorithm) throws {
        let key = try Keys.make(algorithm)
        let published = try #require(key.publicKey().object)
        #expect(published["alg"]?.string == algorithm.rawValue)
        #expect(published["use"] == "sig")
        #expect(published["kid"]?.string == key.publicKey().thumbprint)
        #expect(key.publicKey(keyID: "mine").keyID == "mine")
        #expect(try JWK(published).object == published)
    }

    @Test("a signer's kid is that of the public key, unless another is given")
    func signerName() throws {
        let key = try Keys.make(.es256)
        #expect(key.signer().keyID == key.publicKey().keyID)
        #expect(key.signer(keyID: "mine").keyID == "mine")
    }

    @Test("a private key is never printed", arguments: [SignatureAlgorithm.es256, .edDSA, .rs256])
    func hidden(_ algorithm: SignatureAlgorithm) throws {
        let key = try Keys.make(algorithm)
        let secret = try #require(key.object["d"]?.string)
        let bytes = try Base64URL.decode(secret).prefix(4).map(String.init).joined(separator: ", ")
        expectHidden(key, secrets: [secret, bytes, "KeyPair", "rawRepresentation"])
        expectHidden(key.signer(), secrets: [secret, bytes, "KeyPair", "rawRepresentation"])
    }
}
