import FoundationEssentials
import JOSE
import Testing

@Suite("RFC 7519 §7.2, RFC 8725: validation of a token")
struct JWTTests {
    private static let now = 1_700_000_000
    private static let signed = Result { try PrivateKey.generate(for: .es256) }
    private static let rules = JWTRules(algorithms: [.es256], expiry: .ifPresent)

    /// Returns the error for `claims` under `rules`, or `nil` if they are valid.
    private func outcome(
        _ claims: String, type: String? = nil, _ rules: JWTRules = rules, at now: Double = Double(now)
    ) async throws -> JWTError? {
        let key = try Self.signed.get()
        let token = try await JWS.sign(Array(claims.utf8), type: type, with: key.signer())
        do {
            _ = try JWT(
                validating: token, with: JWKSet(keys: [key.publicKey()]), rules: rules,
                at: Date(timeIntervalSince1970: now))
            return nil
        } catch {
            return error
        }
    }

    private func rules(_ change: (inout JWTRules) -> Void) -> JWTRules {
        var rules = Self.rules
        change(&rules)
        return rules
    }

    @Test(
        "the signature is checked before the claims",
        arguments: [
            ("x", .malformed), (compact("{\"alg\":\"none\"}", "{\"exp\":1}", signature: []), .algorithm),
            (compact("{\"alg\":\"ES256\",\"crit\":[]}", "{\"exp\":1}"), .criticalExtension),
            (compact("{\"alg\":\"ES256\"}", "{\"exp\":1}"), .signature),
            (compact("{\"alg\":\"HS256\"}", "{\"exp\":1}"), .algorithm),
            (compact("{\"alg\":\"ES256\",\"kid\":\"other\"}", "{\"exp\":1}"), .unknownKey),
        ] as [(String, JWTError)])
    func signature(_ token: String, _ expected: JWTError) throws {
        let keys = JWKSet(keys: [try Self.signed.get().publicKey()])
        #expect(throws: expected) { try JWT(validating: token, with: keys, rules: Self.rules, at: Date()) }
    }

    @Test(
        "claims that are not a strict JSON object are malformed",
        arguments: [
            "", "[]", "1", "null", "{\"exp\":1,\"exp\":2}", "{} ", "{}x", "{\"a\":NaN}", "\"{}\"",
        ])
    func claims(_ text: String) async throws {
        #expect(try await outcome(text) == (text == "{} " ? nil : .malformed))
    }

    @Test(
        "a token of another type is refused (RFC 7515 §4.1.9, RFC 8725 §3.11)",
        arguments: [
            ("at+jwt", nil), ("AT+JWT", nil), ("application/at+jwt", nil), ("Application/At+Jwt", nil), (nil, .type),
            ("JWT", .type), ("at+jwt ", .type), ("", .type), ("application/", .type), ("text/at+jwt", .type),
            ("at+jwt;x=1", .type),
        ] as [(String?, JWTError?)])
    func type(_ type: String?, _ expected: JWTError?) async throws {
        #expect(try await outcome("{}", type: type, rules { $0.types = ["at+jwt"] }) == expected)
        #expect(try await outcome("{}", type: type, rules { $0.types = ["JOSE", "application/at+jwt"] }) == expected)
        #expect(try await outcome("{}", type: type) == nil)
    }

    @Test(
        "the issuer is compared code point for code point (RFC 7519 §4.1.1)",
        arguments: [
            ("{\"iss\":\"https://K.example\"}", nil), ("{}", .issuer), ("{\"iss\":null}", .issuer),
            ("{\"iss\":1}", .issuer),
            ("{\"iss\":[\"https://K.example\"]}", .issuer), ("{\"iss\":\"https://K.example/\"}", .issuer),
            ("{\"iss\":\"https://k.example\"}", .issuer), ("{\"iss\":\"https://\\u212A.example\"}", .issuer),
            ("{\"iss\":\"\"}", .issuer),
        ] as [(String, JWTError?)])
    func issuer(_ claims: String, _ expected: JWTError?) async throws {
        #expect(try await outcome(claims, rules { $0.issuer = "https://K.example" }) == expected)
    }

    @Test(
        "the audience must include the verifier (RFC 7519 §4.1.3)",
        arguments: [
            ("{\"aud\":\"K\"}", nil), ("{\"aud\":[\"K\"]}", nil), ("{\"aud\":[\"x\",\"K\"]}", nil),
            ("{\"aud\":[\"us\",\"y\"]}", nil),
            ("{}", .audience), ("{\"aud\":null}", .audience), ("{\"aud\":[]}", .audience),
            ("{\"aud\":\"x\"}", .audience),
            ("{\"aud\":[\"x\",\"y\"]}", .audience), ("{\"aud\":[[\"K\"]]}", .audience),
            ("{\"aud\":[\"K\",1]}", .audience),
            ("{\"aud\":{\"K\":1}}", .audience), ("{\"aud\":\"x K\"}", .audience), ("{\"aud\":\"\\u212A\"}", .audience),
            ("{\"aud\":\"\"}", .audience),
        ] as [(String, JWTError?)])
    func audience(_ claims: String, _ expected: JWTError?) async throws {
        #expect(try await outcome(claims, rules { $0.audiences = ["K", "us"] }) == expected)
        #expect(try await outcome(claims, rules { $0.audiences = [] }) == .audience)
    }

    @Test(
        "clocks may differ by the skew and not a second more (RFC 7519 §4.1.4 to §4.1.6)",
        arguments: [
            ("exp", -59, nil), ("exp", -60, .expired), ("exp", -61, .expired), ("nbf", 60, nil),
            ("nbf", 61, .notYetValid),
            ("iat", 60, nil), ("iat", 61, .notYetValid), ("iat", -1_000_000, nil), ("nbf", -1_000_000, nil),
        ] as [(String, Int, JWTError?)])
    func skew(_ claim: String, _ offset: Int, _ expected: JWTError?) async throws {
        #expect(try await outcome("{\"\(claim)\":\(Self.now + offset)}") == expected)
    }

    @Test(
        "without skew, a token expires at the second that exp names", arguments: [(0.0, JWTError.expired), (-0.5, nil)])
    func exact(_ offset: Double, _ expected: JWTError?) async throws {
        let strict = rules { $0.skew = 0 }
        #expect(try await outcome("{\"exp\":\(Self.now)}", strict, at: Double(Self.now) + offset) == expected)
        #expect(try await outcome("{\"exp\":\(Self.now).0}", strict, at: Double(Self.now) + offset) == expected)
    }

    @Test(
        "a time must be a number within the calendar's range",
        arguments: [
            "\"1700000000\"", "null", "true", "[1700000000]", "{}", "-1", "1e300", "1e18", "9223372036854775807",
            "-9223372036854775808", "99999999999999999999999", "253402300800", "-0.5",
        ])
    func times(_ value: String) async throws {
        for claim in ["exp", "nbf", "iat"] {
            #expect(try await outcome("{\"\(claim)\":\(value)}") == .time(claim))
            #expect(try await outcome("{\"\(claim)\":\(value)}", rules { $0.expiry = .ignored }) == .time(claim))
        }
    }

    @Test(
        "exp is required, checked if present, or ignored",
        arguments: [
            (.required, "{}", .missing("exp")), (.required, "{\"exp\":1}", .expired), (.ifPresent, "{}", nil),
            (.ifPresent, "{\"exp\":1}", .expired), (.ignored, "{}", nil), (.ignored, "{\"exp\":1}", nil),
            (.required, "{\"exp\":253402300799}", nil),
        ] as [(JWTRules.Expiry, String, JWTError?)])
    func expiry(_ expiry: JWTRules.Expiry, _ claims: String, _ expected: JWTError?) async throws {
        #expect(try await outcome(claims, rules { $0.expiry = expiry }) == expected)
    }

    @Test(
        "a maximum age requires iat and allows for the skew",
        arguments: [
            ("{}", .missing("iat")), ("{\"iat\":1699999700}", nil), ("{\"iat\":1699999640}", nil),
            ("{\"iat\":1699999639}", .tooOld),
            ("{\"iat\":0}", .tooOld),
        ] as [(String, JWTError?)])
    func age(_ claims: String, _ expected: JWTError?) async throws {
        #expect(try await outcome(claims, rules { $0.maximumAge = 300 }) == expected)
    }

    @Test(
        "required claims must be present and not null",
        arguments: [
            ("{\"sub\":\"a\",\"jti\":\"b\"}", nil), ("{\"sub\":\"a\"}", .missing("jti")),
            ("{\"jti\":\"a\"}", .missing("sub")),
            ("{}", .missing("jti")), ("{\"sub\":null,\"jti\":\"b\"}", .missing("sub")),
            ("{\"sub\":\"\",\"jti\":0}", nil),
        ] as [(String, JWTError?)])
    func required(_ claims: String, _ expected: JWTError?) async throws {
        #expect(try await outcome(claims, rules { $0.required = ["sub", "jti"] }) == expected)
    }

    @Test("a signed token validates, with its claims in order")
    func signed() async throws {
        let key = try Self.signed.get()
        let claims: JSONObject = ["iss": "i", "aud": ["a"], "exp": .integer(Self.now + 1), "sub": "é\"😀"]
        let token = try await JWT.sign(claims, type: "at+jwt", with: key.signer())
        let strict = JWTRules(algorithms: [.es256], issuer: "i", audiences: ["a"], types: ["at+jwt"], required: ["sub"])
        let jwt = try JWT(
            validating: token, with: JWKSet(keys: [key.publicKey()]), rules: strict,
            at: Date(timeIntervalSince1970: Double(Self.now)))
        #expect(jwt.claims.serialized() == claims.serialized())
        #expect(jwt.header["typ"] == "at+jwt")
        #expect(try JWT.unverifiedClaims(of: token) == claims)
    }

    @Test("errors don't repeat the token")
    func silent() async throws {
        let error = try await outcome("{\"sub\":\"marker\",\"exp\":\"marker\"}", type: "marker")
        #expect(error == .time("exp"))
        #expect(!"\(String(reflecting: error))".contains("marker"))
    }
}
