import Foundation
import TestSupport
import Testing

@Suite("Accounts at other providers in a real browser", .serialized, .timeLimit(.minutes(10)))
struct LinkedAccountsInBrowserTests {
    private static let secret = "a-secret-that-only-two-servers-know-1"
    private static let password = "curiouser-and-curiouser"

    /// Two ways to the same provider: one for new people as well, one for those who have an account.
    private static func upstreams(_ issuer: String) -> String {
        func upstream(_ id: String, _ name: String, _ signUp: String) -> String {
            """
              - {id: \(id), preset: martlet, name: \(name), issuer: "\(issuer)", private_network: true,
                 client_id: martlet, client_secret: \(secret), sign_up: \(signUp)}
            """
        }
        return """
            upstreams:
            \(upstream("open", "Wonderland", "ask"))
            \(upstream("closed", "Looking-Glass House", "off"))

            """
    }

    /// The provider.
    private static func provider(in folder: URL, port: Int, for issuer: String) async throws -> RunningServer {
        let resources = folder.appending(path: "there.yaml")
        try Data(
            """
            users:
              - {username: dinah, password: \(password), name: Dinah Liddell, email: dinah@example.com,
                 email_verified: true}
              - {username: eve, password: \(password), name: Eve}
            clients:
              - client_id: martlet
                client_secret: \(secret)
                redirect_uris: ["\(issuer)/upstream/open/callback", "\(issuer)/upstream/closed/callback"]
                consent: skip
                scope: openid profile email
            """.utf8
        ).write(to: resources)
        return try await RunningServer(
            ["--apply", "there.yaml", "--name", "Wonderland"], in: folder, port: port)
    }

    private static func has(_ selector: String) -> String { "document.querySelector('\(selector)') !== null" }

    @Test("the pages that link an account are flawless, and each leads to the next", arguments: ["en", "de"])
    func pages(_ language: String) async throws {
        let (folder, port) = (try Folder(), try freePort())
        // Cookies don't tell ports apart, so the two have different hosts.
        let walk = try await PageWalk(language, Self.upstreams("http://localhost:\(port)"), host: "127.0.0.1")
        let there = try await Self.provider(in: folder.url, port: port, for: walk.server.issuer)
        try await account(walk)
        try await newPeople(walk)
        try await existingAccounts(walk)
        try await walk.end()
        try await there.stop()
    }

    private func account(_ walk: PageWalk) async throws {
        let browser = walk.browser
        try await walk.open("/account/linked-accounts")
        try await walk.signIn("alice", PageWalk.password)
        try await walk.look(at: "linked-accounts-none", on: "/account/linked-accounts")
        try await browser.click(".upstreams a:first-child")
        try await walk.signIn("dinah", Self.password)
        try await walk.look(at: "linked-accounts-confirm", when: Self.has("[value=add]"))
        try await browser.click("[value=add]")
        try await walk.look(at: "linked-accounts", when: Self.has("[value=remove]"))
        for (name, query) in [
            ("denied", "problem=upstream_denied&upstream=open"), ("expired", "offer=AAAA"),
            ("unavailable", "problem=upstream_lost&upstream=former"),
        ] {
            try await walk.open("/account/linked-accounts?\(query)")
            try await walk.look(at: "linked-accounts-\(name)", when: Self.has("[role=alert]"))
        }
    }

    private func arrive(_ walk: PageWalk, at upstream: String, as person: String) async throws {
        // Those of the provider as well.
        try await walk.browser.devTools("Network.clearBrowserCookies")
        try await walk.open("/account")
        let link = "a[href$=\"upstream=\(upstream)\"]"
        try await walk.browser.wait(for: Self.has(link))
        try await walk.browser.click(link)
        try await walk.signIn(person, Self.password)
    }

    private func newPeople(_ walk: PageWalk) async throws {
        let path = "/sign-in/upstream/account"
        try await arrive(walk, at: "open", as: "dinah")
        try await walk.look(at: "upstream-account-verified", on: path)
        try await arrive(walk, at: "open", as: "eve")
        try await walk.look(at: "upstream-account", on: path)
        try await walk.fill("#username", "alice")
        try await walk.browser.click("[value=create]")
        try await walk.look(at: "upstream-account-taken", when: Self.has("[role=alert]"))
        try await walk.fill("#username", "eve-\(walk.inspection.language)")
        try await walk.browser.click("[value=create]")
        try await walk.browser.wait(for: "location.pathname === '/account'")
    }

    private func existingAccounts(_ walk: PageWalk) async throws {
        try await arrive(walk, at: "closed", as: "eve")
        try await walk.look(at: "upstream-account-closed", on: "/sign-in/upstream/account")
        try await walk.browser.click("[value=link]")
        try await walk.look(at: "sign-in-linking", on: "/sign-in")
        let interaction = try await walk.browser.evaluate("document.querySelector('[name=interaction]').value")
        for problem in ["taken", "other"] {
            try await walk.open("/sign-in/upstream/not-linked?interaction=\(interaction)&problem=\(problem)")
            try await walk.look(at: "not-linked-\(problem)", on: "/sign-in/upstream/not-linked")
        }
        try await walk.browser.click("a.primary")
        try await walk.browser.wait(for: "location.pathname === '/sign-in'")
        try await walk.signIn("bob", PageWalk.password)
        try await walk.browser.wait(for: "location.pathname === '/account'")
        try await walk.open("/account/linked-accounts")
        try await walk.browser.wait(for: Self.has("[value=remove]"))
    }
}
