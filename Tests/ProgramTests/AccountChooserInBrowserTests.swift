import Foundation
import TestSupport
import Testing

@Suite("The account chooser in a real browser", .serialized, .timeLimit(.minutes(5)))
struct AccountChooserInBrowserTests {
    private static let isChooser = "location.pathname === '/select-account' && document.querySelector('h1') !== null"
    private static let isAccount = "location.pathname === '/account' && document.querySelector('.rows') !== null"

    /// Whether the chooser lists the accounts with these usernames, separated by commas.
    private static func lists(_ names: String) -> String {
        let shown =
            "[...document.querySelectorAll('.account small')].map((text) => text.innerText.split(' ')[0]).join()"
        return "\(isChooser) && \(shown) === '\(names)'"
    }

    private static func account(_ number: Int) -> String { ".accounts li:nth-child(\(number)) [name=account]" }

    @Test(
        "a user adds accounts, switches by keyboard without a script, and signs one out, on every screen",
        arguments: ["en", "de"])
    func walk(_ language: String) async throws {
        let walk = try await PageWalk(language)
        let browser = walk.browser
        try await walk.authorize("shop")
        try await walk.signIn("alice", PageWalk.password)
        try await walk.look(at: "consent-switch", on: "/consent")
        try await browser.click("[value=allow]")
        try await browser.wait(for: "location.pathname === '/health/live'")

        for (name, password, shown) in [
            ("dora", "a dormouse in a teapot", "alice"), ("bob", PageWalk.password, "dora,alice"),
        ] {
            try await walk.open("/account")
            try await browser.wait(for: Self.isAccount)
            try await browser.click("a[href$='/account/switch']")
            try await browser.wait(for: Self.lists(shown))
            try await browser.click("[name=other]")
            try await walk.look(at: "sign-in-adding", on: "/sign-in")
            try await walk.signIn(name, password)
            try await browser.wait(for: "\(Self.isAccount) && document.body.innerText.includes('\(name)')")
        }

        try await walk.authorize("words", "&prompt=select_account")
        try await walk.look(at: "select-account-words", when: Self.lists("bob,dora,alice"))
        try await walk.authorize("shop", "&prompt=select_account&display=popup")
        try await walk.look(at: "select-account-popup", when: Self.lists("bob,dora,alice"))
        try await walk.authorize("shop", "&prompt=select_account")
        try await walk.look(at: "select-account", when: Self.lists("bob,dora,alice"))
        #expect(try await browser.evaluate("document.scripts.length") == "0")
        // Tab leads from an account to its sign-out button and on to the next account; Enter chooses.
        try await browser.type("\u{E004}", into: Self.account(1))
        #expect(try await browser.evaluate("document.activeElement.name") == "sign_out")
        try await browser.type("\u{E004}", into: ".accounts li:nth-child(2) [name=sign_out]")
        #expect(try await browser.evaluate("document.activeElement.matches(\"\(Self.account(3))\")") == "true")
        try await browser.type("\u{E007}", into: Self.account(3))
        // Without her password. Consent isn't remembered for a redirect to this device.
        try await browser.wait(for: "location.pathname === '/consent' && document.body.innerText.includes('Alice')")
        try await browser.click("[value=allow]")
        try await browser.wait(for: "location.pathname === '/health/live' && location.search.includes('code=')")
        try await walk.open("/account")
        try await browser.wait(for: "\(Self.isAccount) && document.body.innerText.includes('Alice Liddell')")

        try await browser.click("a[href$='/account/switch']")
        try await browser.wait(for: Self.lists("alice,bob,dora"))
        try await browser.click(".accounts li:nth-child(2) [name=sign_out]")
        try await browser.wait(for: Self.lists("alice,dora"))
        try await browser.click(".accounts li:nth-child(1) [name=sign_out]")
        try await walk.look(at: "select-account-none-current", when: Self.lists("dora"))
        try await browser.click(Self.account(1))
        try await browser.wait(for: "\(Self.isAccount) && document.body.innerText.includes('Dora')")

        try await walk.authorize("shop", "&prompt=create")
        try await walk.look(at: "sign-up-create", on: "/sign-up")
        try await browser.click(".others a")
        try await browser.wait(for: "location.pathname === '/sign-in' && document.querySelector('#password') !== null")
        try await walk.end()
    }
}
