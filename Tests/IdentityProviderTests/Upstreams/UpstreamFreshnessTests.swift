import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Age and strength of sign-ins at upstreams (OpenID Connect Core §3.1.2.1)")
struct UpstreamFreshnessTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    @Test(
        "auth_time is judged from the start of the attempt, with a skew of 60 seconds",
        arguments: [
            // Nothing is demanded.
            (nil, .null, false, .signedIn(nil)), (nil, 0, false, .signedIn(nil)), (nil, .null, true, .signedIn(5)),
            (nil, 1_700_000_000, false, .signedIn(-100_000_000)),
            (nil, 1_800_000_060, false, .signedIn(60)),
            // prompt=login or max_age=0.
            (0, 1_800_000_000, false, .signedIn(0)), (0, 1_800_000_010, false, .signedIn(10)),
            (0, 1_799_999_941, false, .signedIn(0)), (0, 1_799_999_940, false, .signedIn(0)),
            (0, 1_799_999_939, false, .stale), (0, .null, false, .stale), (0, .null, true, .signedIn(5)),
            (0, 1_799_999_939, true, .stale),
            // max_age=600.
            (600, 1_799_999_400, false, .signedIn(-600)), (600, 1_799_999_399, false, .signedIn(-600)),
            (600, 1_799_999_340, false, .signedIn(-600)), (600, 1_799_999_339, false, .stale),
        ] as [(Int?, JSON, Bool, Age)])
    fileprivate func age(_ maxAge: Int?, _ claim: JSON, assumed: Bool, expected: Age) throws {
        let exchange = UpstreamExchange(
            code: "c", redirectURI: "r", nonce: "n", verifier: "v", startedAt: Self.start, maxAge: maxAge)
        let age = try exchange.age(claim, assumesReauthentication: assumed, at: Self.start.addingTimeInterval(5))
        switch expected {
        case .stale: #expect(age == .stale)
        case .signedIn(let offset): #expect(age == .signedIn(offset.map { Self.start.addingTimeInterval($0) }))
        }
    }

    /// An age with its time in seconds after the start.
    fileprivate enum Age: Sendable {
        case signedIn(TimeInterval?)
        case stale
    }

    @Test("prompt=login is answered with stale if the upstream signed the user in long ago or doesn't say")
    func stale() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(upstream)
        for claim in [1_799_990_000, .null] as [JSON] {
            upstream.change { $0.claims = ["auth_time": claim] }
            #expect(try await visitor.problem(with: upstream, Browser.webRequest([("prompt", "login")])) == "stale")
            #expect(try await visitor.problem(with: upstream, Browser.webRequest([("max_age", "60")])) == "stale")
        }
    }

    @Test(
        "a fresh sign-in there satisfies prompt=login and max_age here",
        arguments: [[("prompt", "login")], [("max_age", "0")], [("max_age", "60")]])
    func fresh(_ demand: [(String, String)]) async throws {
        let upstream = try CannedUpstream()
        // The upstream's clock is behind.
        upstream.change { $0.claims = ["auth_time": 1_799_999_950] }
        let visitor = try await UpstreamVisitor.linked(upstream)
        let answer = try await visitor.signIn(with: upstream, Browser.webRequest(demand)).answer()
        let tokens = try await visitor.issuer.redeem(answer.required("code")).json()
        let claims = try JWTClaims.of(tokens["id_token"]?.string)
        let time = demand[0] == ("max_age", "60") ? 1_799_999_950 : 1_800_000_000
        #expect(claims["auth_time"]?.integer == time)
    }

    @Test("prompt=select_account takes a choice there, and no new sign-in")
    func selected() async throws {
        let upstream = try CannedUpstream()
        upstream.change { $0.claims = ["auth_time": 1_799_990_000] }
        let visitor = try await UpstreamVisitor.linked(upstream)
        let answer = try await visitor.signIn(with: upstream, Browser.webRequest([("prompt", "select_account")]))
            .answer()
        let tokens = try await visitor.issuer.redeem(answer.required("code")).json()
        #expect(try JWTClaims.of(tokens["id_token"]?.string)["auth_time"] == 1_799_990_000)
    }

    @Test("without a demand, the client sees when the user signed in at the upstream")
    func passedOn() async throws {
        let upstream = try CannedUpstream()
        upstream.change { $0.claims = ["auth_time": 1_799_990_000] }
        let visitor = try await UpstreamVisitor.linked(upstream)
        let answer = try await visitor.signIn(with: upstream).answer()
        let tokens = try await visitor.issuer.redeem(answer.required("code")).json()
        #expect(try JWTClaims.of(tokens["id_token"]?.string)["auth_time"] == 1_799_990_000)
    }

    @Test("an upstream may be trusted to have asked the user again, but only if it doesn't say otherwise")
    func assumed() async throws {
        let upstream = try CannedUpstream()
        let visitor = try await UpstreamVisitor.linked(
            upstream, ["assurance": ["reauthentication": "assumed"]])
        let request = Browser.webRequest([("prompt", "login")])
        upstream.change { $0.claims = ["auth_time": 1_799_990_000] }
        #expect(try await visitor.problem(with: upstream, request) == "stale")
        upstream.change { $0.claims = ["auth_time": .null] }
        #expect(try await visitor.problem(with: upstream, request) == nil)
    }

    @Test(
        "acr and amr are mapped by the upstream's rules, unknown ones count as one factor, and minimum_acr forbids weaker ones",
        arguments: [
            (["acr": "gold"], nil), (["amr": ["pwd", "mfa"]], nil), (["acr": "gold", "amr": ["pwd"]], nil),
            (["acr": "platinum"], "weak"), (["amr": ["pwd"]], "weak"), (["acr": ["gold"]], "weak"),
            (["amr": "mfa"], "weak"), ([:], "weak"), (["acr": "urn:martlet:acr:3"], "weak"),
        ] as [(JSONObject, String?)])
    func weak(_ claims: JSONObject, problem: String?) async throws {
        let upstream = try CannedUpstream()
        upstream.change { $0.claims = claims }
        let assurance: JSONObject = [
            "acr": ["gold": "urn:martlet:acr:2"], "amr": ["mfa": "urn:martlet:acr:2"],
            "minimum_acr": "urn:martlet:acr:2",
        ]
        let visitor = try await UpstreamVisitor.linked(upstream, ["assurance": .object(assurance)])
        #expect(try await visitor.problem(with: upstream) == problem)
    }
}
