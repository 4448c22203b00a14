import FoundationEssentials
import JOSE
import Testing

@Suite("RFC 7515 §5.2: only the signed text is valid")
struct MutationTests {
    private static let claims: JSONObject = ["iss": "https://id.example", "sub": "alice", "exp": 1_700_000_600]
    private static let now = Date(timeIntervalSince1970: 1_700_000_000)

    /// A signer, and the keys that verify its signatures.
    private struct Party {
        let algorithm: SignatureAlgorithm
        let keys: JWKSet
        private let sign: @Sendable ([UInt8]) async throws -> [UInt8]

        init(_ algorithm: SignatureAlgorithm) throws {
            self.algorithm = algorithm
            if algorithm.isSymmetric {
                keys = JWKSet(keys: [JWK(symmetric: Keys.secret)])
                sign = { try OpenSSLKey(secret: Keys.secret).sign($0, by: algorithm) }
            } else {
                let key = try Keys.make(algorithm)
                keys = JWKSet(keys: [key.publicKey()])
                sign = { try await key.signer().sign($0) }
            }
        }

        func token(_ claims: JSONObject) async throws -> String {
            try await forge(
                "{\"alg\":\"\(algorithm.rawValue)\",\"typ\":\"JWT\"}",
                String(decoding: claims.serialized(), as: UTF8.self),
                sign: sign)
        }

        /// Uses the most lenient rules, so that only the signature can fail.
        func validates(_ token: String) -> Bool {
            let rules = JWTRules(
                algorithms: Set(SignatureAlgorithm.asymmetric + SignatureAlgorithm.symmetric), expiry: .ignored)
            return (try? JWT(validating: token, with: keys, rules: rules, at: MutationTests.now)) != nil
        }
    }

    @Test(
        "none of 20,000 mutated tokens is valid or causes a crash",
        arguments: [
            (SignatureAlgorithm.es256, 4_000), (.edDSA, 4_000), (.rs256, 4_000), (.hs256, 8_000),
        ])
    func injured(_ algorithm: SignatureAlgorithm, _ count: Int) async throws {
        let party = try Party(algorithm)
        let token = try await party.token(Self.claims)
        #expect(party.validates(token))
        var random = SplitMix(seed: 7_515)
        var tried = 0
        while tried < count {
            let text = String(decoding: random.mutate(Array(token.utf8)), as: UTF8.self)
            guard text != token else { continue }
            tried += 1
            #expect(!party.validates(text), "\(text)")
        }
    }

    @Test(
        "parts of two valid tokens don't form a valid one",
        arguments: [SignatureAlgorithm.es256, .edDSA, .rs256, .hs256])
    func spliced(_ algorithm: SignatureAlgorithm) async throws {
        let party = try Party(algorithm)
        let tokens = [try await party.token(Self.claims), try await party.token(Self.claims.with("sub", "mallory"))]
        let parts = tokens.map { $0.split(separator: ".") }
        for payload in 0..<2 {
            for signature in 0..<2 {
                let token = [parts[0][0], parts[payload][1], parts[signature][2]].joined(separator: ".")
                #expect(party.validates(token) == (payload == signature))
            }
        }
    }
}
