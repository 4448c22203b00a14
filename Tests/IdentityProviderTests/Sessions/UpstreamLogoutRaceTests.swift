import Foundation
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("A sign-out at an upstream also ends sign-ins that are no sessions yet")
struct UpstreamLogoutRaceTests {
    @Test(
        "a second factor shown after the sign-out doesn't sign in",
        arguments: [["sid": "s-1"], ["sub": "u-2", "sid": "s-1"], ["sub": "u-2"]] as [JSONObject])
    func pending(_ claims: JSONObject) async throws {
        let scene = try await UpstreamLogoutScene(linking: [("bob", "u-2")])
        let (browser, response) = try await scene.signIn("u-2", session: "s-1")
        let page = try response.page()
        #expect(page.template == "second-factor")
        #expect(try await scene.logOut(claims).status == .ok)
        #expect(try await browser.submit(page, [("code", scene.issuer.code())]).status == .gone)
        #expect(try await scene.sessions(of: "bob").isEmpty)
        // The next sign-in is another matter.
        scene.clock.advance(by: 60)
        let (again, next) = try await scene.signIn("u-2", session: "s-2")
        _ = try await again.submit(next.page(), [("code", scene.issuer.code())])
        #expect(try await scene.bases(of: "bob") == ["s-2"])
    }

    @Test("other sign-ins in progress of the user go on if the upstream names its session")
    func others() async throws {
        let scene = try await UpstreamLogoutScene(linking: [("bob", "u-2")])
        let browser = Browser(scene.issuer)
        let page = try await browser.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
        #expect(page.template == "second-factor")
        #expect(try await scene.logOut(["sub": "u-2", "sid": "s-1"]).status == .ok)
        _ = try await browser.submit(page, [("code", scene.issuer.code())])
        #expect(try await scene.bases(of: "bob") == ["password"])
    }

    @Test("of concurrent sign-ins and sign-outs, no session remains", arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let scene = try await UpstreamLogoutScene(engine)
        scene.upstream.change { $0.claims["sid"] = "s-1" }
        var prepared: [(visitor: UpstreamVisitor, answer: [(String, String)])] = []
        for _ in 0..<24 {
            let visitor = UpstreamVisitor(scene.issuer)
            prepared.append((visitor, try scene.upstream.authorize(await visitor.leave())))
        }
        let all = prepared
        let statuses = try await TestSupport.race(26) { number -> HTTPResponse.Status in
            guard number >= 2 else { return try await scene.logOut(["sid": "s-1"]).status }
            return try await all[number - 2].visitor.comeBack(all[number - 2].answer).status
        }
        #expect(statuses.allSatisfy { $0.code < 500 })
        #expect(try await scene.sessions().isEmpty)
    }

    @Test(
        "a step-up in progress doesn't revive the session", arguments: [["sid": "s-1"], ["sub": "u-2"]] as [JSONObject])
    func stepUp(_ claims: JSONObject) async throws {
        let scene = try await UpstreamLogoutScene(
            .sqlite, ["assurance": ["acr": ["strong": "urn:martlet:acr:2"]]], linking: [("bob", "u-2")])
        scene.upstream.change { $0.claims["acr"] = "strong" }
        let (browser, response) = try await scene.signIn("u-2", session: "s-1")
        #expect(try response.answer()["code"] != nil)
        let asked = Browser.webRequest([("acr_values", "urn:martlet:acr:2"), ("max_age", "100000")])
        _ = try await browser.get("/authorize", asked)
        #expect(try await scene.logOut(claims).status == .ok)
        #expect(
            try await browser.get("/authorize", Browser.webRequest([("prompt", "none")])).answer()["error"]
                == "login_required")
        #expect(try await scene.sessions(of: "bob").isEmpty)
    }

    @Test("keys that the upstream has replaced are found, and forged tokens can't use up the renewals of sign-ins")
    func keys() async throws {
        let scene = try await UpstreamLogoutScene()
        try await scene.signIn(session: "s-1")
        let stranger = try PrivateKey.generate(for: .es256).signer(keyID: "unknown")
        for _ in 0..<20 {
            #expect(try await scene.send(scene.token(["sid": "s-1"], with: stranger)).status == .badRequest)
        }
        #expect(scene.upstream.asked("/jwks").count < 40)
        let new = try PrivateKey.generate(for: .es256)
        scene.upstream.change {
            $0.key = new
            $0.keys = [new]
        }
        let (_, response) = try await scene.signIn(session: "s-2")
        #expect(try response.answer()["code"] != nil)
        scene.clock.advance(by: 120)
        #expect(try await scene.logOut(["sid": "s-2"]).status == .ok)
        #expect(try await scene.bases() == ["s-1"])
    }
}
