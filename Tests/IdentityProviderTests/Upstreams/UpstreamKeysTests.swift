import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Keys of upstreams (OpenID Connect Core §10.1.1)")
struct UpstreamKeysTests {
    @Test("keys that are replaced between the request and its response are read again, past the cache")
    func rotation() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let cached = Self.keys(of: upstream)
        upstream.change { $0.answers["/jwks"] = { .json($0.isReload ? Self.keys(of: upstream) : cached) } }
        let location = try await visitor.leave()
        try upstream.change {
            let key = try PrivateKey.generate(for: .es256)
            ($0.key, $0.keys) = (key, [key])
        }
        #expect(try await visitor.comeBack(upstream.authorize(location)).upstreamProblem == nil)
        #expect(upstream.asked("/jwks").map(\.isReload) == [false, true])
    }

    @Test("a key that is replaced under the same kid is read again as well")
    func sameKeyID() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let (former, current) = (try PrivateKey.generate(for: .es256), try PrivateKey.generate(for: .es256))
        let sets = [former, current].map { FetchResponse.json(JWKSet(keys: [$0.publicKey(keyID: "k")]).object) }
        upstream.change { $0.answers["/jwks"] = { $0.isReload ? sets[1] : sets[0] } }
        let location = try await visitor.leave()
        let claims: JSONObject = [
            "iss": .string(upstream.issuer), "sub": "u-1", "aud": "martlet", "iat": 1_800_000_000,
            "exp": 1_800_000_300, "nonce": .string(try parameters(of: location).required("nonce")),
        ]
        let token = try await JWT.sign(claims, type: nil, with: current.signer(keyID: "k"))
        upstream.change { $0.tokens = ["id_token": .string(token)] }
        #expect(try await visitor.comeBack(upstream.authorize(location)).upstreamProblem == nil)
    }

    @Test("tokens with unknown keys don't make Martlet flood the upstream")
    func flood() async throws {
        let clock = TestClock()
        let upstream = try CannedUpstream(clock: clock)
        let visitor = try await UpstreamVisitor.linked(upstream, clock: clock)
        try upstream.change { $0.key = try PrivateKey.generate(for: .es256) }
        for _ in 0..<10 { #expect(try await visitor.problem(with: upstream) == "invalid") }
        #expect(upstream.asked("/jwks").count(where: \.isReload) == 5)
        clock.advance(by: 30)
        for _ in 0..<2 { #expect(try await visitor.problem(with: upstream) == "invalid") }
        #expect(upstream.asked("/jwks").count(where: \.isReload) == 6)
    }

    @Test("keys of unknown types or sizes don't disturb the others")
    func unusable() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        let own = try #require(Self.keys(of: upstream)["keys"]?.array)
        let others: [JSON] = [
            7, [:], ["kty": "AKP", "alg": "ML-DSA-44"], ["kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"],
            ["kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "old"],
        ]
        upstream.change { $0.answers["/jwks"] = { _ in .json(["keys": .array(others + own)]) } }
        #expect(try await visitor.problem(with: upstream) == nil)
    }

    private static func keys(of upstream: CannedUpstream) -> JSONObject {
        JWKSet(keys: upstream.behavior.keys.map { $0.publicKey() }).object
    }
}

extension FetchRequest {
    fileprivate var isReload: Bool { headers[.cacheControl] == "no-cache" }
}
