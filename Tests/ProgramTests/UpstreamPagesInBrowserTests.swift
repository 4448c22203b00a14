import Foundation
import TestSupport
import Testing

@Suite("Upstreams on the sign-in page in a real browser", .serialized, .timeLimit(.minutes(10)))
struct UpstreamPagesInBrowserTests {
    /// One upstream per icon, one with a long name, one with domains at `other`, and one that is down.
    private static func upstreams(_ other: String) -> String {
        let secret = "client_id: c, client_secret: s"
        let words = "The Distinguished and Most Honorable Company of Merchants and Mariners"
        func listed(_ id: String, _ members: String) -> String {
            """
              - {id: \(id), \(members), \(secret), authorization_endpoint: "\(other)/account",
                 token_endpoint: "\(other)/token", userinfo_endpoint: "\(other)/userinfo", private_network: true}
            """
        }
        return """
            upstreams:
              - {preset: entra, tenant: 11111111-2222-3333-4444-555555555555, \(secret)}
              - {preset: github, \(secret)}
              - {preset: gitlab, \(secret)}
              - {preset: google, \(secret)}
              - {preset: keycloak, issuer: "http://localhost:1", private_network: true, \(secret)}
              - {preset: martlet, issuer: "https://id.example", name: Wonderland, \(secret)}
            \(listed("corp", "name: Corporation, domains: [corp.example]"))
            \(listed("merchants", "name: \(words)"))

            """
    }

    private static let hasPassword = "document.querySelector('#password') !== null"

    @Test("the states of the page are flawless, and each way leads where it should", arguments: ["en", "de"])
    func states(_ language: String) async throws {
        let folder = try Folder()
        let other = try await RunningServer(in: folder.url)
        let walk = try await PageWalk(language, Self.upstreams(other.issuer))
        let browser = walk.browser
        try await walk.authorize("few")
        try await walk.look(at: "sign-in-upstreams", on: "/sign-in")
        try await walk.authorize("many")
        try await walk.look(at: "sign-in-many-upstreams", on: "/sign-in")
        try await browser.click("a[href$='upstream=keycloak']")
        try await walk.look(
            at: "sign-in-upstream-down", when: "location.search.includes('problem=upstream_unavailable')")
        #expect(
            try await browser.evaluate("document.querySelector('[role=alert]').innerText.includes('Keycloak')")
                == "true")
        #expect(try await browser.evaluate(Self.hasPassword) == "true")
        try await lookAtRedirect(walk)
        _ = try await browser.evaluate("document.cookie = 'martlet-last-upstream=google'")
        try await walk.authorize("few")
        let first = "document.querySelector('.upstreams a').innerText"
        #expect(try await browser.evaluate(first).contains(language == "en" ? "Last used" : "Zuletzt verwendet"))
        try await walk.look(at: "sign-in-last-upstream", on: "/sign-in")

        // A form leads to another origin, which redirects further: the policy of the page must not stop it.
        try await walk.authorize("routed")
        try await walk.look(at: "sign-in-username", on: "/sign-in")
        #expect(try await browser.evaluate(Self.hasPassword) == "false")
        try await walk.submit("carol@corp.example", in: "#username")
        try await browser.wait(for: "location.href.startsWith('\(other.issuer)/sign-in')")
        // The page in between is not in the history, so that the way back doesn't lead there again.
        _ = try await browser.evaluate("history.back()")
        try await browser.wait(for: "location.href.startsWith('\(walk.server.issuer)/sign-in')")
        #expect(try await browser.evaluate("document.querySelector('#username') !== null") == "true")
        try await walk.authorize("routed")
        try await walk.submit("alice", in: "#username")
        try await browser.wait(for: Self.hasPassword)
        try await walk.inspection.look(at: "sign-in-password")
        #expect(try await browser.evaluate("document.activeElement.id") == "password")
        #expect(try await browser.evaluate("document.querySelector('#username').value") == "alice")
        try await walk.submit(PageWalk.password, in: "#password")
        try await browser.wait(for: "location.pathname === '/consent'")

        // A hint leads straight there, if the client lists it.
        try await browser.forgetCookies()
        try await walk.authorize("few", "&idp_hint=merchants")
        try await walk.look(at: "sign-in-unlisted-hint", on: "/sign-in")
        try await walk.authorize("many", "&idp_hint=merchants")
        try await browser.wait(for: "location.href.startsWith('\(other.issuer)/sign-in')")
        try await walk.end()
        try await other.stop()
    }

    /// The page leaves as soon as it is loaded, so its text is put into another page.
    private func lookAtRedirect(_ walk: PageWalk) async throws {
        try await walk.browser.devTools("Page.setBypassCSP", ["enabled": true])
        try await walk.authorize("few")
        try await walk.browser.wait(for: Self.hasPassword)
        let hinted = walk.request("few", "&idp_hint=github")
        _ = try await walk.browser.run(
            "const answer = await fetch('\(hinted)'); document.write(await answer.text()); document.close(); return ''")
        try await walk.look(at: "upstream-redirect", when: "document.querySelector('a.primary') !== null")
        try await walk.browser.devTools("Page.setBypassCSP", ["enabled": false])
    }

    @Test("with passkeys, autofill still works in the first of two steps, and one word separates all other ways")
    func passkeys() async throws {
        let folder = try Folder()
        let other = try await RunningServer(in: folder.url)
        let walk = try await PageWalk("en", Self.upstreams(other.issuer))
        _ = try await walk.browser.addAuthenticator()
        try await walk.authorize("routed")
        try await walk.browser.wait(for: "document.querySelector('form[data-passkey]')?.hidden === false")
        try await walk.inspection.look(at: "sign-in-username-passkey")
        let separators = "[...document.querySelectorAll('.or')].filter((word) => word.checkVisibility()).length"
        #expect(try await walk.browser.evaluate(separators) == "1")
        #expect(
            try await walk.browser.evaluate("document.querySelector('#username').autocomplete") == "username webauthn")
        try await walk.end()
        try await other.stop()
    }
}
