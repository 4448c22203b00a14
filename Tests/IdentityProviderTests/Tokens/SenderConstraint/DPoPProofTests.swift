import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9449 §4: DPoP proofs")
struct DPoPProofTests {
    private static let moment = Date(timeIntervalSince1970: 1_800_000_000)
    private static let endpoint = "https://id.example.com/token"

    private static func check(
        _ proof: String, method: String = "POST", uri: String = endpoint, token: String? = nil, at now: Date = moment
    ) throws -> DPoPProof {
        try DPoPProof(
            proof, for: DPoPTarget(method: method, uris: [uri]), token: token, nonces: .off, at: now)
    }

    private static func isAccepted(
        _ proof: String, method: String = "POST", uri: String = endpoint, token: String? = nil, at now: Date = moment
    ) -> Bool {
        (try? check(proof, method: method, uri: uri, token: token, at: now)) != nil
    }

    struct Vector: Sendable {
        let signed: String
        let method: String
        let uri: String
        let issuedAt: TimeInterval
        var token: String?
    }

    /// The proofs of RFC 9449 §4.2, §5 and §7.1.
    private static let header = """
        eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRj\
        QyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19
        """
    static let vectors: [Vector] = [
        Vector(
            signed: """
                \(header).eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29t\
                L3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK7\
                0nfbV37xRZT3Lg
                """, method: "POST", uri: "https://server.example.com/token", issuedAt: 1_562_262_616),
        Vector(
            signed: """
                \(header).eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29t\
                L3Rva2VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZ\
                LTk41mSRroapUA
                """, method: "POST", uri: "https://server.example.com/token", issuedAt: 1_562_265_296),
        Vector(
            signed: """
                \(header).eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9y\
                Zy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NB\
                cWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA
                """, method: "GET", uri: "https://resource.example.org/protectedresource", issuedAt: 1_562_262_618,
            token: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
    ]

    @Test("the proofs of the RFC, with their thumbprint and the hash of the access token", arguments: vectors)
    func published(_ vector: Vector) throws {
        let now = Date(timeIntervalSince1970: vector.issuedAt)
        let proof = try Self.check(
            vector.signed, method: vector.method, uri: vector.uri, token: vector.token, at: now)
        #expect(proof.key == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
        #expect(proof.algorithm == .es256)
        let late = now.addingTimeInterval(76)
        #expect(!Self.isAccepted(vector.signed, method: vector.method, uri: vector.uri, token: vector.token, at: late))
        #expect(!Self.isAccepted(vector.signed, method: "PUT", uri: vector.uri, token: vector.token, at: now))
        #expect(!Self.isAccepted(vector.signed, method: vector.method, uri: vector.uri, token: "other", at: now))
    }

    @Test("each accepted algorithm, and no other", arguments: SignatureAlgorithm.asymmetric)
    func algorithms(_ algorithm: SignatureAlgorithm) async throws {
        let key = try DPoPKey(algorithm)
        let proof = try await key.proof("POST", Self.endpoint, at: Self.moment)
        let expected: [SignatureAlgorithm] = [.es256, .es384, .ps256, .ps384, .ed25519, .edDSA]
        #expect(Self.isAccepted(proof) == expected.contains(algorithm))
        if expected.contains(algorithm) { #expect(try Self.check(proof).key == key.thumbprint) }
    }

    private static let badHeaders: [[String: JSON?]] = [
        ["typ": nil], ["typ": "JWT"], ["typ": "dpop"], ["typ": 1], ["alg": nil], ["alg": "none"],
        ["alg": "HS256"], ["alg": "ES384"], ["alg": "Ed25519"], ["alg": "ES256K"], ["alg": "es256"],
        ["jwk": nil], ["jwk": "x"], ["jwk": [:]], ["jwk": ["kty": "EC", "crv": "P-256"]],
        ["jwk": ["kty": "oct", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"]], ["crit": ["exp"]],
        ["b64": false],
    ]

    @Test("RFC9449-002: typ dpop+jwt, an asymmetric alg, and a public jwk", arguments: badHeaders)
    func header(_ header: [String: JSON?]) async throws {
        let proof = try await DPoPKey().proof("POST", Self.endpoint, at: Self.moment, header: header)
        #expect(!Self.isAccepted(proof))
    }

    @Test("RFC9449-002: the jwk has no private part, is on its curve, for signatures, and of a sensible size")
    func keys() async throws {
        let key = try DPoPKey()
        for (name, value) in [
            ("d", key.key.object["d"]), ("x", "AA"), ("y", key.jwk["x"]), ("use", "enc"), ("key_ops", ["sign"]),
            ("alg", "ES384"), ("kid", 1), ("crv", "P-521"), ("crv", "secp256k1"),
        ] as [(String, JSON?)] {
            var jwk = key.jwk
            jwk[name] = value
            let proof = try await key.proof("POST", Self.endpoint, at: Self.moment, header: ["jwk": .object(jwk)])
            #expect(!Self.isAccepted(proof), "\(name)")
        }
        let large = try DPoPKey(.ps256)
        for (name, value) in [
            ("n", String(repeating: "A", count: 342)), ("n", "_" + String(repeating: "_", count: 1_399)),
            ("n", "_" + String(repeating: "_", count: 169)), ("e", "AQ"), ("e", "Ag"), ("e", "AQAAAAE"),
        ] {
            var jwk = large.jwk
            jwk[name] = .string(value)
            let proof = try await large.proof("POST", Self.endpoint, at: Self.moment, header: ["jwk": .object(jwk)])
            #expect(!Self.isAccepted(proof), "\(name)")
        }
    }

    @Test(
        "RFC9449-003: jti, htm, htu and iat are present and of their types",
        arguments: ["jti", "htm", "htu", "iat"], [nil, .null, "", 7, [], [:], true] as [JSON?])
    func claims(_ name: String, _ value: JSON?) async throws {
        let proof = try await DPoPKey().proof("POST", Self.endpoint, at: Self.moment, claims: [name: value])
        #expect(!Self.isAccepted(proof))
    }

    @Test("RFC9449-003: a proof with an access token has its ath", arguments: [nil, "", "x", 1] as [JSON?])
    func hash(_ value: JSON?) async throws {
        let key = try DPoPKey()
        let good = try await key.proof("GET", Self.endpoint, at: Self.moment, token: "the.access.token")
        #expect(Self.isAccepted(good, method: "GET", token: "the.access.token"))
        #expect(!Self.isAccepted(good, method: "GET", token: "the.access.tokem"))
        let bad = try await key.proof("GET", Self.endpoint, at: Self.moment, claims: ["ath": value])
        #expect(!Self.isAccepted(bad, method: "GET", token: "the.access.token"))
    }

    @Test("RFC9449-004: the signature is by the embedded key, over the whole proof")
    func signature() async throws {
        let (key, other) = (try DPoPKey(), try DPoPKey())
        let foreign = try await key.proof("POST", Self.endpoint, at: Self.moment, header: ["jwk": .object(other.jwk)])
        #expect(!Self.isAccepted(foreign))
        let proof = try await key.proof("POST", Self.endpoint, at: Self.moment)
        #expect(Self.isAccepted(proof))
        let parts = proof.split(separator: ".").map(String.init)
        let longer = try await key.proof("POST", Self.endpoint, at: Self.moment, claims: ["htm": "POST"])
        let claims = longer.split(separator: ".")[1]
        for changed in [
            "\(parts[0]).\(claims).\(parts[2])", "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])",
            proof + ".", proof + "=", " " + proof, "\(proof), \(proof)", "", ".", "..",
        ] { #expect(!Self.isAccepted(changed), "\(changed)") }
    }

    @Test(
        "RFC9449-004: htm is the method, exactly",
        arguments: ["GET", "post", "Post", "POST ", "POST\u{301}", "PUT", "*"])
    func method(_ method: String) async throws {
        #expect(!Self.isAccepted(try await DPoPKey().proof(method, Self.endpoint, at: Self.moment)))
    }

    @Test(
        "RFC9449-004: htu is the URL of the endpoint",
        arguments: [
            "http://id.example.com/token", "https://id.example.com/Token", "https://id.example.com/token/",
            "https://id.example.com/", "https://id.example.com", "https://id.example.com:444/token",
            "https://id.example.com:80/token", "https://evil.example/token",
            "https://id.example.com.evil.example/token",
            "https://id.example.com@evil.example/token", "https://user@id.example.com/token",
            "https://:@id.example.com/token", "//id.example.com/token", "/token", "token", "https:/token",
            "https:id.example.com/token", "ftp://id.example.com/token", "https://id.example.com%2Ftoken",
            "https://id.example.com/%2Ftoken", "https://id.example.com/tok%65n%00", "https://id.example.com/token\n",
            " https://id.example.com/token", "https://id.example.com\\token", "https://id.example.com/token;x",
            "https://id.example.com/%2e%2e%2ftoken", "https://id.example.com/tokén", "https:///token",
        ])
    func target(_ uri: String) async throws {
        #expect(!Self.isAccepted(try await DPoPKey().proof("POST", uri, at: Self.moment)))
    }

    @Test(
        "RFC9449-005: htu is compared in normal form (RFC 3986 §6.2.2, §6.2.3), without query and fragment",
        arguments: [
            "https://id.example.com/token", "HTTPS://ID.Example.COM/token", "https://id.example.com:443/token",
            "https://id.example.com:/token", "https://id.example.com/a/../token", "https://id.example.com/./token",
            "https://id.example.com/%74oken", "https://id.example.com/a/%2E%2e/token",
            "https://id.example.com/token?a=1&b=https://x", "https://id.example.com/token#x",
            "https://id.example.com/token?#", "https://%69d.example.com/token",
        ])
    func normalized(_ uri: String) async throws {
        #expect(Self.isAccepted(try await DPoPKey().proof("POST", uri, at: Self.moment)))
    }

    @Test("RFC9449-005: an empty path is the root, and escapes differ only in case")
    func paths() {
        func matches(_ own: String, _ uri: String) -> Bool { DPoPTarget(method: "GET", uris: [own]).matches(uri) }
        #expect(matches("https://a.example", "https://a.example/"))
        #expect(matches("http://a.example:80/x", "http://a.example/x"))
        #expect(matches("https://a.example/%2f%c3%a9?x=%41", "https://a.example/%2F%C3%A9"))
        #expect(matches("https://[2001:DB8::1]/x", "https://[2001:db8::1]:443/x"))
        #expect(!matches("https://a.example/%2F", "https://a.example//"))
        #expect(!matches("https://a.example/a%3Fb", "https://a.example/a?b"))
        #expect(!matches("https://a.example/a//b", "https://a.example/a/b"))
        #expect(!DPoPTarget(method: "GET", uris: ["not a url", "ftp://a.example/", "/x"]).isMatchable)
    }

    @Test(
        "RFC9449-019 FAPI2-SP-016: iat and nbf up to 10 s ahead are accepted, 60 s ahead and 60 s back are not",
        arguments: [
            ("iat", 0, true), ("iat", 10, true), ("iat", 15, true), ("iat", 16, false), ("iat", 61, false),
            ("iat", -60, true), ("iat", -75, true), ("iat", -76, false), ("iat", -86_400, false),
            ("nbf", 10, true), ("nbf", 16, false), ("nbf", 61, false), ("nbf", -86_400, true),
            ("exp", 30, true), ("exp", -10, true), ("exp", -15, false), ("exp", -61, false),
        ])
    func clock(_ name: String, _ seconds: Int, _ isAccepted: Bool) async throws {
        let time = JSON.integer(Int(Self.moment.timeIntervalSince1970) + seconds)
        let proof = try await DPoPKey().proof("POST", Self.endpoint, at: Self.moment, claims: [name: time])
        #expect(Self.isAccepted(proof) == isAccepted)
    }

    @Test("a proof is remembered for longer than any node accepts it, whatever its iat", arguments: [-60.0, 0, 14.9])
    func memory(_ offset: Double) async throws {
        let issuedAt = Self.moment.timeIntervalSince1970 + offset
        let proof = try await DPoPKey().proof(
            "POST", Self.endpoint, at: Self.moment, claims: ["iat": .number(issuedAt)])
        let checked = try Self.check(proof)
        // A node whose clock is 10 s ahead may already have removed it.
        let last = checked.expiresAt.addingTimeInterval(-10)
        #expect(!Self.isAccepted(proof, at: last))
        #expect(checked.expiresAt <= Self.moment.addingTimeInterval(105))
    }

    @Test(
        "RFC9449-021: no other JWT of the same key is a proof",
        arguments: ["JWT", "at+jwt", "client-authentication+jwt", "oauth-authz-req+jwt", "dpop+jwt2", "jwt+dpop", ""])
    func types(_ type: String) async throws {
        let key = try DPoPKey()
        #expect(
            !Self.isAccepted(
                try await key.proof("POST", Self.endpoint, at: Self.moment, header: ["typ": .string(type)])))
        let registered = try await key.proof(
            "POST", Self.endpoint, at: Self.moment, header: ["typ": "application/DPoP+JWT"])
        #expect(Self.isAccepted(registered))
    }

    @Test("a proof of more than 4 KiB is refused before it is parsed, and the largest key fits")
    func size() async throws {
        let key = try DPoPKey()
        func padded(_ count: Int) async throws -> String {
            try await key.proof(
                "POST", Self.endpoint, at: Self.moment, claims: ["x": .string(String(repeating: "x", count: count))])
        }
        #expect(Self.isAccepted(try await padded(2_000)))
        let long = try await padded(4_000)
        let refusal = #expect(throws: DPoPRefusal.self) { try Self.check(long) }
        #expect(refusal?.reason == "the proof is too long")
        let largest = try await DPoPKey(.ps256, rsaBits: 8_192).proof("POST", Self.endpoint, at: Self.moment)
        #expect(Self.isAccepted(largest))
    }
}
