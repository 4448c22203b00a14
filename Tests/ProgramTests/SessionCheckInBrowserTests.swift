import Foundation
import TestSupport
import Testing

@Suite("OpenID Connect Session Management §3.2 in a real browser", .serialized, .timeLimit(.minutes(5)))
struct SessionCheckInBrowserTests {
    private static let member = ", \"session_management\": true"

    /// Opens the client's page with the frame, in which `check()` and `ask(…)` wait for an answer.
    private func openCheck(_ scene: LogoutScene, at origin: String) async throws {
        try await scene.browser.open("\(origin)/check")
        try await scene.browser.wait(for: "typeof check === 'function'")
    }

    @Test("OIDC-Session-Management-002: the frame says unchanged until someone signs out or in, then changed")
    func check() async throws {
        let scene = try await LogoutScene(["shop": "end"], members: { _ in Self.member })
        let (browser, shop) = (scene.browser, try scene.party("shop"))
        try await scene.signIn("shop")
        try await openCheck(scene, at: shop.origin)
        #expect(try await browser.run("return check()") == "unchanged")
        for mistake in ["'shop'", "''", "'shop x'", "'shop a.b c'", "{}", "null", "'a b c d'"] {
            #expect(try await browser.run("return ask(\(mistake))") == "error", "\(mistake)")
        }
        #expect(try await browser.run("return ask('shop a.b')") == "changed")

        // In another window, while the page of the client stays as it is.
        _ = try await browser.evaluate("open('\(scene.server.issuer)/logout')")
        try await browser.switchToWindow(1)
        try await browser.wait(for: "document.querySelector('[value=sign-out]') !== null")
        try await browser.click("[value=sign-out]")
        try await browser.wait(for: "document.querySelector('h1')?.innerText === \"You're signed out\"")
        try await browser.switchToWindow(0)
        #expect(try await browser.run("return check()") == "changed")

        // The error that the client gets when it then asks silently has the new state.
        try await browser.open("\(shop.origin)/sign-in?prompt=none")
        try await browser.wait(for: "document.body.innerText.includes('login_required')")
        let state = try await browser.evaluate("JSON.parse(document.body.innerText).session_state")
        try await openCheck(scene, at: shop.origin)
        #expect(try await browser.run("return ask('shop \(state)')") == "unchanged")
        #expect(try await browser.run("return check()") == "changed")

        try await scene.signIn("shop", as: "bob")
        try await openCheck(scene, at: shop.origin)
        #expect(try await browser.run("return ask('shop \(state)')") == "changed")
        #expect(try await browser.run("return check()") == "unchanged")
        try await scene.end()
    }

    @Test(
        "OIDC-Session-Management-005: where the browser hides the cookie, the frame says error, so nobody asks forever")
    func thirdParty() async throws {
        let scene = try await LogoutScene(["shop": "end"], at: "127.0.0.1", members: { _ in Self.member })
        let shop = try scene.party("shop")
        try await scene.signIn("shop")
        try await openCheck(scene, at: shop.origin)
        #expect(try await scene.browser.run("return check()") == "error")
        try await scene.end()
    }

    @Test("RFC9700-029: a foreign page can't frame the page, and learns nothing from another's frame")
    func foreign() async throws {
        let scene = try await LogoutScene(["shop": "end", "blog": "end", "foreign": "end"]) { party in
            party.id == "foreign" ? "" : Self.member
        }
        let (browser, shop) = (scene.browser, try scene.party("shop"))
        try await scene.signIn("shop")
        try await browser.open(shop.origin)
        let state = try await browser.evaluate("JSON.parse(document.body.innerText).session_state")
        for id in ["foreign", "blog"] {
            let party = try scene.party(id)
            try await openCheck(scene, at: party.origin)
            // Its own frame: blocked, or for its own origin only.
            let own = try await browser.run("return ask('shop \(state)')")
            #expect(own == (id == "foreign" ? "nothing" : "changed"), "\(id)")
            // The frame of the client that the state belongs to answers that client only.
            let others = try await browser.run(
                """
                const page = open("\(shop.origin)/check");
                return new Promise((answered) => {
                    addEventListener("message", ({ data, origin }) => answered(`${origin} ${data}`));
                    setInterval(() => page[0]?.postMessage("shop \(state)", "\(scene.server.issuer)"), 50);
                });
                """)
            #expect(others == "\(scene.server.issuer) error", "\(id)")
        }
        try await scene.end()
    }
}
