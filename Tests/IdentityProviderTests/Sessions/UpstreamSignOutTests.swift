import Foundation
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Signing out here continues at the upstream (OpenID Connect RP-Initiated Logout §2)")
struct UpstreamSignOutTests {
    private static let endpoint = "https://login.example.org/logout?"
    private static let back = [("post_logout_redirect_uri", "https://shop.example/"), ("state", "bye")]

    private func signedIn(_ resource: JSONObject = [:]) async throws -> (MartletVisitor, hint: String) {
        let scene = try await MartletAtMartlet(.sqlite, resource)
        try await scene.link()
        let visitor = MartletVisitor(scene)
        return (visitor, try await visitor.hint())
    }

    /// Follows no redirect.
    private func logOut(_ visitor: MartletVisitor, _ parameters: [(String, String)]) async throws -> Response {
        let query = FormEncoding.encode(parameters.map { (name: $0.0, value: $0.1) })
        return try await visitor.here.request(.get, "/logout", query: query)
    }

    @Test("a client's sign-out ends our session, then the upstream's, and leads to the client with its state")
    func client() async throws {
        let (visitor, hint) = try await signedIn()
        let response = try await logOut(visitor, [("id_token_hint", hint), ("ui_locales", "de")] + Self.back)
        #expect(response.headers[.location]?.hasPrefix(Self.endpoint) == true)
        let request = try response.answer()
        #expect(request["client_id"] == "martlet" && request["ui_locales"] == "de")
        #expect(request["post_logout_redirect_uri"] == "https://id.example.com/upstream/demo/signed-out")
        let claims = try JWTClaims.of(request["id_token_hint"])
        #expect(claims["iss"] == "https://login.example.org")
        #expect(try await claims["sub"]?.string == visitor.scene.subject())
        // Ended before the browser leaves.
        #expect(try await !visitor.isSignedInHere())
        #expect(try await visitor.isSignedInThere())
        let end = try await visitor.follow(response)
        #expect(end.headers[.location] == "https://shop.example/?state=bye")
        #expect(try await !visitor.isSignedInThere())
    }

    @Test("after a form, a page moves on by itself, because form-action would stop a redirect")
    func form() async throws {
        for path in ["/logout", "/account"] {
            let (visitor, _) = try await signedIn()
            let page = try await visitor.here.get(path).page()
            #expect(page.formTargets == [])
            let response =
                path == "/logout"
                ? try await visitor.here.submitWithoutFollowing(page, [("decision", "sign-out")])
                : try await visitor.here.request(
                    .post, "/account/sessions", form: [("form_token", page.text("form_token")), ("here", "yes")])
            let leaving = try response.page()
            #expect(response.status == .ok && leaving.template == "signed-out" && leaving.formTargets == [])
            #expect(leaving.data["upstream"] == ["name": "Demo Upstream", "lead": "text.signed_out_onward"])
            guard case .object(let next)? = leaving.data["next"], case .text(let uri)? = next["uri"] else {
                throw Unexpected("no next step")
            }
            #expect(uri.hasPrefix(Self.endpoint) && next["label"] == "text.next_application")
            let end = try await visitor.follow(response).page()
            #expect(end.template == "signed-out" && end.data["upstream"] == nil)
            #expect(try await !visitor.isSignedInHere())
            #expect(try await !visitor.isSignedInThere())
        }
    }

    @Test("if the upstream is down, our sign-out completes, and the page says that its own session may remain")
    func down() async throws {
        for parameters in [[], Self.back] {
            let (visitor, hint) = try await signedIn()
            visitor.scene.network.setDown(true)
            let page = try await logOut(visitor, [("id_token_hint", hint)] + parameters).page()
            #expect(page.template == "signed-out" && page.data["return_uri"] == nil)
            #expect(page.data["upstream"] == ["name": "Demo Upstream", "lead": "text.signed_out_unreachable"])
            let next: Page.Value =
                parameters.isEmpty
                ? ["uri": "/account", "label": "text.next_sign_in"]
                : ["uri": "https://shop.example/?state=bye", "label": "text.next_back", "name": "Web shop"]
            #expect(page.data["next"] == next)
            #expect(try await !visitor.isSignedInHere())
        }
    }

    @Test("the sign-out stays here unless the upstream's rule, metadata and session call for more")
    func local() async throws {
        let (visitor, hint) = try await signedIn(["sign_out": "local"])
        let stored = try await visitor.scene.here.stores.sessions.list(
            after: nil, at: visitor.scene.clock.now, limit: 9)
        #expect(stored.map(\.upstream?.sealedIDToken) == [nil])
        let response = try await logOut(visitor, [("id_token_hint", hint)] + Self.back)
        #expect(response.headers[.location] == "https://shop.example/?state=bye")
        #expect(try await visitor.isSignedInThere())
        // The canned upstream has no end_session_endpoint.
        let canned = try await UpstreamLogoutScene(.sqlite, ["sign_out": "upstream"])
        let (browser, _) = try await canned.signIn(session: "s-1")
        let page = try await browser.get("/logout").page()
        let end = try await browser.submitWithoutFollowing(page, [("decision", "sign-out")]).page()
        #expect(end.template == "signed-out" && end.data["upstream"] == nil)
        // A session with a password doesn't rest on the upstream, even if the account is linked there.
        let scene = try await MartletAtMartlet()
        try await scene.link()
        let own = Browser(scene.here)
        _ = try await own.code()
        let asked = try await own.get("/logout").page()
        #expect(try await own.submitWithoutFollowing(asked, [("decision", "sign-out")]).page().data["upstream"] == nil)
    }

    @Test("an upstream that was disabled since is left alone")
    func disabled() async throws {
        let (visitor, hint) = try await signedIn()
        let document: JSONObject = [
            "preset": "martlet", "id": "demo", "issuer": "https://login.example.org", "client_id": "martlet",
            "client_secret": "martlet-secret-martlet-secret-martlet", "sign_out": "upstream", "disabled": true,
        ]
        _ = try await visitor.scene.here.administration.apply(ResourceSet(["upstreams": [.object(document)]]))
        let response = try await logOut(visitor, [("id_token_hint", hint)] + Self.back)
        #expect(response.headers[.location] == "https://shop.example/?state=bye")
    }

    @Test("the way back leads only where the sealed state says")
    func state() async throws {
        let (visitor, hint) = try await signedIn()
        let response = try await logOut(visitor, [("id_token_hint", hint)] + Self.back)
        let state = try response.answer().required("state")
        let sealer = Sealer(visitor.scene.here.vault)
        let signOut = SignOutRequest()
        let foreign = UpstreamSignOutState(upstream: Identifier(rawValue: "other"), signOut: signOut)
        for query in [
            nil, "state=", "state=x", "state=\(state)x", "state=\(state.dropLast(2))AA",
            "state=\(try sealer.seal(foreign, for: .upstreamSignOut))",
            "state=\(try sealer.seal(signOut, for: .signOut))",
            "post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F",
        ] {
            let back = try await visitor.here.request(.get, "/upstream/demo/signed-out", query: query)
            #expect(back.headers[.location] == "/logout", "\(query ?? "")")
        }
        let other = try await visitor.here.request(.get, "/upstream/other/signed-out", query: "state=\(state)")
        #expect(other.headers[.location] == "/logout")
    }

    @Test("a user who has signed in again since is asked, and not told that they are signed out")
    func again() async throws {
        let (visitor, hint) = try await signedIn()
        let response = try await logOut(visitor, [("id_token_hint", hint)] + Self.back)
        let state = try response.answer().required("state")
        _ = try await visitor.here.code()
        let back = try await visitor.here.request(.get, "/upstream/demo/signed-out", query: "state=\(state)")
        #expect(try back.page().template == "confirm-sign-out")
        #expect(try await visitor.isSignedInHere())
    }

    @Test("an end_session_endpoint that is no https URL is not used")
    func metadata() async throws {
        for endpoint in ["javascript:alert(1)", "http://up.example/logout", "/logout", "https://up.example/#logout"] {
            let scene = try await UpstreamLogoutScene(.sqlite, ["sign_out": "upstream"])
            let (browser, _) = try await scene.signIn(session: "s-1")
            scene.upstream.change { $0.metadata["end_session_endpoint"] = .string(endpoint) }
            let page = try await browser.get("/logout").page()
            let response = try await browser.submitWithoutFollowing(page, [("decision", "sign-out")])
            #expect(response.headers[.refresh] == nil)
            #expect(try response.page().data["next"] == ["uri": "/account", "label": "text.next_sign_in"])
        }
    }

    @Test("a query of the endpoint is kept, and a hint that is too long for proxies is left out")
    func parameters() async throws {
        let scene = try await UpstreamLogoutScene(.sqlite, ["sign_out": "upstream"])
        scene.upstream.change { $0.metadata["end_session_endpoint"] = "https://up.example/logout?tenant=1" }
        let sealer = Sealer(scene.issuer.vault)
        for (length, expected) in [(3_072, 3_072), (3_073, nil)] as [(Int, Int?)] {
            let session = UpstreamSession(
                upstream: Identifier(rawValue: "up"), subject: "u-1",
                sealedIDToken: try sealer.seal(Array(repeating: 0x61, count: length), for: .upstreamIDToken))
            let way = try await UpstreamSignOut(scene.issuer.core).way(from: session, after: SignOutRequest())
            guard case .onward(_, let location) = way else { throw Unexpected("\(way)") }
            #expect(location.hasPrefix("https://up.example/logout?tenant=1&"))
            let query = try Parameters(parsing: location.split(separator: "?")[1], limits: Limits())
            #expect(query["id_token_hint"]?.count == expected)
        }
    }
}

extension HTTPField.Name {
    fileprivate static let refresh = HTTPField.Name("Refresh")!
}
