import Foundation
import HTTPTypes
import JOSE
import TestSupport

@testable import IdentityProvider

/// An issuer, `here`, with another Martlet as its upstream `demo`, `there`.
struct MartletAtMartlet {
    let clock = TestClock()
    let here: TestIssuer
    let there: TestIssuer
    let network: IssuerFetcher

    /// `resource` are further members of the upstream.
    init(_ engine: TestEngine = .sqlite, _ resource: JSONObject = [:]) async throws {
        there = try await TestIssuer("https://login.example.org", resources: Self.upstream, clock: clock)
        network = IssuerFetcher(there)
        var demo: JSONObject = [
            "preset": "martlet", "id": "demo", "name": "Demo Upstream", "issuer": "https://login.example.org",
            "client_id": "martlet", "client_secret": "martlet-secret-martlet-secret-martlet",
            "sign_out": "upstream",
        ]
        demo.merge(resource)
        here = try await TestIssuer(
            resources: TestIssuer.resources(with: demo), clock: clock, database: TestDatabase(engine), fetcher: network)
    }

    private static let upstream = """
        {"users": [{"username": "ann", "password": "through the glass", "name": "Ann", "email": "ann@example.org",
                    "email_verified": true}],
         "clients": [{"client_id": "martlet", "client_secret": "martlet-secret-martlet-secret-martlet",
                      "consent": "skip", "scope": "openid profile email",
                      "backchannel_logout_uri": "https://id.example.com/upstream/demo/backchannel-logout",
                      "redirect_uris": ["https://id.example.com/upstream/demo/callback"],
                      "post_logout_redirect_uris": ["https://id.example.com/upstream/demo/signed-out"]}]}
        """

    /// Ann's `sub` at the upstream.
    func subject() async throws -> String {
        guard let ann = try await there.stores.users.find(named: "ann") else { throw Unexpected("no ann") }
        return ann.id.rawValue
    }

    /// Lets Ann sign in to a user's account here.
    func link(_ username: String = "alice") async throws {
        try await here.link(username, to: "demo", subject: subject())
    }
}

/// Ann's browser, at the upstream and here.
struct MartletVisitor {
    let scene: MartletAtMartlet
    let visitor: UpstreamVisitor
    let there: Browser
    let traveler: Traveler

    init(_ scene: MartletAtMartlet) {
        self.scene = scene
        visitor = UpstreamVisitor(scene.here, at: "demo")
        there = Browser(scene.there)
        traveler = Traveler((scene.here, visitor.browser), (scene.there, there))
    }

    var here: Browser { visitor.browser }

    /// Goes to the upstream, signs in there and comes back, up to the first page here or the client's redirect.
    func signIn(_ request: [(String, String)] = Browser.webRequest()) async throws -> Response {
        try await signIn(at: visitor.leave(request))
    }

    /// Signs in at the upstream, from where its authorization request leads.
    func signIn(at location: String) async throws -> Response {
        let page = try await traveler.open(location).page()
        let form = [("username", "ann"), ("password", "through the glass")]
        let response = try await there.submitWithoutFollowing(page, form)
        return try await traveler.follow(response, from: scene.there.issuer.identifier)
    }

    /// Signs in for the client `web`, and returns the ID Token as a hint for signing out.
    func hint() async throws -> String {
        let page = try await signIn().page()
        let answer = try await here.submit(page, [("decision", "allow")]).answer()
        let tokens = try await scene.here.redeem(answer.required("code")).json()
        guard let hint = tokens["id_token"]?.string else { throw Unexpected("no id_token") }
        return hint
    }

    /// Continues from a response of ours.
    func follow(_ response: Response) async throws -> Response {
        try await traveler.follow(response, from: scene.here.issuer.identifier)
    }

    func isSignedInHere() async throws -> Bool {
        try await here.get("/authorize", Browser.webRequest([("prompt", "none")])).answer()["code"] != nil
    }

    func isSignedInThere() async throws -> Bool {
        let request = [
            ("response_type", "code"), ("client_id", "martlet"), ("scope", "openid"), ("nonce", "n"),
            ("redirect_uri", "https://id.example.com/upstream/demo/callback"), ("prompt", "none"),
        ]
        return try await there.get("/authorize", request).answer()["code"] != nil
    }
}
