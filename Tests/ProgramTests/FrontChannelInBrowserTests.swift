import Foundation
import TestSupport
import Testing

@Suite("OpenID Connect Front-Channel Logout §3 in a real browser", .serialized, .timeLimit(.minutes(5)))
struct FrontChannelInBrowserTests {
    @Test("OIDC-Front-Channel-Logout-003: the page loads a frame for each client, whose session ends, and goes on")
    func frames() async throws {
        let scene = try await LogoutScene(["shop": "end", "blog": "end", "quiet": "end"])
        let (shop, blog) = (try scene.party("shop"), try scene.party("blog"))
        try await scene.signIn("shop", "blog")
        #expect(try await scene.isSignedIn(at: blog))
        try await scene.browser.open("\(shop.origin)/sign-out")
        try await scene.browser.wait(for: "location.href === '\(shop.origin)/bye?state=end'")
        for party in [shop, blog] {
            #expect(try await !scene.isSignedIn(at: party))
            let logout = try #require(try await party.logouts().first)
            #expect(logout.path.hasPrefix("/logout?from=provider&copy=1&iss=http%3A%2F%2Flocalhost"))
            #expect(logout.path.contains("&sid="))
            #expect(logout.referrer == nil)
        }
        // Nobody signed in there.
        #expect(try await scene.party("quiet").logouts().isEmpty)
        try await scene.end()
    }

    @Test(
        "a frame that never loads holds nobody up for more than five seconds, even without scripts",
        arguments: [true, false])
    func hanging(_ runsScripts: Bool) async throws {
        let scene = try await LogoutScene(["shop": "end", "hanging": "hang"])
        let shop = try scene.party("shop")
        try await scene.signIn("shop", "hanging")
        try await scene.browser.devTools("Emulation.setScriptExecutionDisabled", ["value": !runsScripts])
        let start = ContinuousClock.now
        try await scene.browser.open("\(shop.origin)/sign-out")
        try await scene.browser.wait(for: "location.href === '\(shop.origin)/bye?state=end'")
        let passed = ContinuousClock.now - start
        #expect(passed > .seconds(4) && passed < .seconds(20), "\(passed)")
        #expect(try await !scene.isSignedIn(at: shop))
        #expect(try await scene.party("hanging").logouts().count == 1)
        try await scene.end()
    }

    @Test("a frame can't navigate or change the page, open windows, or lead to another origin")
    func hostile() async throws {
        let thief = try SilentServer()
        let scene = try await LogoutScene([
            "shop": "end", "attacker": "attack", "leading": "redirect:http://localhost:\(thief.port)/",
        ])
        let shop = try scene.party("shop")
        try await scene.signIn("shop", "attacker", "leading")
        try await scene.browser.open("\(scene.server.issuer)/logout?client_id=shop")
        try await scene.browser.wait(for: "document.querySelector('[value=sign-out]') !== null")
        try await scene.browser.click("[value=sign-out]")
        // Without a registered URI to return to, the last page says that the user is signed out.
        try await scene.browser.wait(for: "document.querySelector('h1')?.innerText === \"You're signed out\"")
        #expect(try await scene.browser.evaluate("location.origin") == scene.server.issuer)
        #expect(try await !scene.isSignedIn(at: shop))
        let attacker = try scene.party("attacker")
        #expect(try await attacker.logouts().count == 1)
        #expect(try await !attacker.asked().contains { $0.path.hasPrefix("/stolen") })
        #expect(try await scene.party("leading").logouts().count == 1)
        #expect(!thief.hasVisitor)
        try await scene.end()
    }

    @Test("OIDC-Front-Channel-Logout-005: a frame on another site gets no SameSite=Lax cookies, so its session goes on")
    func thirdParty() async throws {
        let scene = try await LogoutScene(["shop": "end"], at: "127.0.0.1")
        let shop = try scene.party("shop")
        try await scene.signIn("shop")
        try await scene.browser.open("\(shop.origin)/sign-out")
        try await scene.browser.wait(for: "location.href === '\(shop.origin)/bye?state=end'")
        #expect(try await shop.logouts().count == 1)
        #expect(try await scene.isSignedIn(at: shop))
        // Martlet's own has ended.
        try await scene.browser.open("\(shop.origin)/sign-in?prompt=none")
        try await scene.browser.wait(for: "document.body.innerText.includes('login_required')")
        try await scene.end()
    }

    @Test("the page is accessible, legible, and in the user's language", arguments: ["en", "de"])
    func look(_ language: String) async throws {
        let scene = try await LogoutScene(["shop": "end"])
        let (browser, shop) = (scene.browser, try scene.party("shop"))
        let inspection = try await PageInspection(browser, language: language)
        try await scene.signIn("shop")
        try await browser.open(shop.origin)
        let hint = try await browser.evaluate("JSON.parse(document.body.innerText).id_token")
        // The page itself would go on too soon, so its content is shown without its script, frames and header fields.
        try await browser.devTools("Page.enable")
        try await browser.devTools("Page.setBypassCSP", ["enabled": true])
        try await browser.open("\(scene.server.issuer)/health/live")
        let found = try await browser.run(
            """
            const page = await (await fetch("/logout?id_token_hint=\(hint)")).text();
            document.open();
            document.write(page.replace(/<script>[^]*<\\/script>/, "").replaceAll("<iframe", "<template"));
            document.close();
            return String(page.match(/<iframe/g).length);
            """)
        #expect(found == "1")
        try await inspection.look(at: "signing-out")
        try await scene.end()
    }

    @Test("signing out everywhere, and deleting the account, load the frames as well")
    func otherPages() async throws {
        let scene = try await LogoutScene(["shop": "end"])
        let shop = try scene.party("shop")
        for (path, button, end) in [
            ("/account", "[name=everywhere]", "document.querySelector('#password') !== null"),
            ("/account/delete", "button.danger", "document.querySelector('.onward a') !== null"),
        ] {
            try await scene.signIn("shop")
            let told = try await shop.logouts().count
            try await scene.browser.open("\(scene.server.issuer)\(path)")
            try await scene.browser.wait(for: "document.querySelector('\(button)') !== null")
            if path == "/account/delete" { try await scene.browser.type("alice", into: "#username") }
            try await scene.browser.click(button)
            try await scene.browser.wait(for: end)
            try await until("the client was told") { try await shop.logouts().count > told }
            #expect(try await !scene.isSignedIn(at: shop))
        }
        try await scene.end()
    }
}
