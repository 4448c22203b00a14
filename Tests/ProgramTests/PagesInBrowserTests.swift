import Authenticators
import Foundation
import TestSupport
import Testing

@Suite("Every page in a real browser: accessible, legible, in the user's language", .serialized)
struct PagesInBrowserTests {
    private static let alert = "document.querySelector('[role=alert]:not([hidden])') !== null"

    @Test("the pages of sign-in and sign-up", arguments: ["en", "de"])
    func signingIn(_ language: String) async throws {
        let walk = try await PageWalk(language)
        for client in ["words", "unbroken"] {
            try await walk.authorize(client)
            try await walk.inspection.setWidth(360)
            let header =
                "document.querySelector('.brand-name').offsetHeight < 30 && document.documentElement.scrollWidth <= 360"
            // The issuer's name stays on one line.
            #expect(try await walk.browser.evaluate(header) == "true")
            try await walk.look(at: "sign-in-\(client)", on: "/sign-in")
        }
        try await walk.authorize("shop", "&display=popup")
        try await walk.look(at: "sign-in-popup", on: "/sign-in")
        try await walk.authorize("shop")
        try await walk.look(at: "sign-in", on: "/sign-in")
        try await walk.signIn("alice", "wrong")
        try await walk.look(at: "sign-in-refused", when: Self.alert)
        try await walk.signIn("alice", PageWalk.password)
        try await walk.look(at: "consent", on: "/consent")
        try await walk.authorize("shop", "&authorization_details=\(PageWalk.details)")
        try await walk.look(at: "consent-details", on: "/consent")
        try await walk.open("/logout")
        try await walk.look(at: "sign-out", when: "document.querySelector('[value=stay]') !== null")
        try await walk.browser.click("[value=stay]")
        try await walk.look(at: "still-signed-in", when: "document.querySelector('[value=stay]') === null")
        try await walk.open("/logout?client_id=shop")
        try await walk.browser.wait(for: "document.querySelector('[value=sign-out]') !== null")
        try await walk.browser.click("[value=sign-out]")
        try await walk.look(at: "signed-out", when: "document.querySelector('[value=stay]') === null")

        try await walk.authorize("strict")
        try await walk.signIn("alice", PageWalk.password)
        try await walk.look(at: "second-factor-email", on: "/second-factor")
        try await walk.authorize("strict")
        _ = try await walk.browser.addAuthenticator()
        try await walk.signIn("dora", "a dormouse in a teapot")
        try await walk.browser.wait(for: "document.querySelector('form[data-passkey]')?.hidden === false")
        try await walk.look(at: "enroll", on: "/enrol")

        try await walk.open("/sign-up")
        try await walk.look(at: "sign-up", on: "/sign-up")
        try await walk.submit("eve@example.org", in: "#email")
        try await walk.look(at: "sign-up-asked", when: "document.querySelector('#email') === null")
        try await walk.follow("/sign-up/finish")
        try await walk.look(at: "new-account", on: "/sign-up/finish")
        try await walk.submit("password", in: "#password")
        try await walk.look(at: "new-account-refused", when: Self.alert)
        try await walk.submit("a caterpillar on a mushroom", in: "#password")
        try await walk.look(at: "account-made", when: "document.querySelector('#password') === null")
        try await walk.follow("/sign-up/finish")
        try await walk.look(at: "link-lost", on: "/sign-up/finish")

        try await walk.open("/forgot-password")
        try await walk.look(at: "forgot-password", on: "/forgot-password")
        try await walk.submit("alice", in: "#username")
        try await walk.look(at: "reset-asked", when: "document.querySelector('#username') === null")
        try await walk.follow("/reset-password")
        try await walk.look(at: "reset-password", on: "/reset-password")
        try await walk.submit("short", in: "#password")
        try await walk.look(at: "reset-password-refused", when: Self.alert)
        try await walk.submit("through the looking glass", in: "#password")
        try await walk.look(at: "password-set", when: "document.querySelector('#password') === null")

        try await walk.open("/authorize?client_id=unknown")
        try await walk.look(at: "error", on: "/authorize")
        try await walk.browser.devTools("Emulation.setScriptExecutionDisabled", ["value": true])
        try await walk.authorize("shop", "&prompt=none&response_mode=form_post")
        try await walk.browser.devTools("Emulation.setScriptExecutionDisabled", ["value": false])
        try await walk.look(at: "form-post", on: "/authorize")
        try await walk.end()
    }

    @Test("the account page and the pages it leads to", arguments: ["en", "de"])
    func account(_ language: String) async throws {
        let walk = try await PageWalk(language)
        try await walk.authorize("shop")
        try await walk.signIn("alice", PageWalk.password)
        try await walk.browser.wait(for: "document.querySelector('[value=allow]') !== null")
        try await walk.browser.click("[value=allow]")
        try await walk.browser.wait(for: "location.pathname === '/health/live'")
        try await walk.open("/account/passkeys")
        try await walk.look(at: "passkeys-none", on: "/account/passkeys")
        var authenticators: [String] = []
        // An authenticator holds one passkey per account.
        for (name, transport) in [("Phone", "internal"), ("The security key in the drawer of my desk", "usb")] {
            authenticators.append(try await walk.browser.addAuthenticator(transport))
            try await walk.open("/account/passkeys")
            try await walk.browser.wait(for: "document.querySelector('form[data-passkey]')?.hidden === false")
            try await walk.browser.type(name, into: "#name")
            try await walk.browser.click("form[data-passkey] button")
            if authenticators.count == 1 { try await makeFirstCodes(walk) }
            try await walk.browser.wait(for: "document.querySelector('.rows')?.innerText.includes('\(name)')")
        }
        try await walk.look(at: "passkeys", on: "/account/passkeys")
        try await walk.browser.click("summary")
        try await walk.look(at: "passkeys-rename", when: "document.querySelector('details').open")
        try await walk.fill("details input[name=name]", "Old phone")
        try await walk.browser.click("[value=rename]")
        try await walk.browser.wait(for: "document.querySelector('.rows')?.innerText.includes('Old phone')")

        try await walk.open("/account/authenticator-apps")
        try await walk.look(at: "authenticator-app", on: "/account/authenticator-apps")
        let secret = try await walk.browser.evaluate("document.querySelector('.secret').innerText")
        let app = try TOTP(secret: try #require(Base32.decode(secret.filter { $0 != " " })))
        try await walk.fill("#code", "000")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "authenticator-app-refused", when: Self.alert)
        try await walk.fill("#code", try app.code(at: .now))
        try await walk.fill("#name", "Phone")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "account", on: "/account")
        for path in ["profile", "email", "password", "delete"] {
            try await walk.open("/account/\(path)")
            try await walk.look(at: path, on: "/account/\(path)")
        }
        try await walk.open("/account/profile")
        try await walk.fill("#attribute_lucky_number", "seven")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "profile-refused", when: Self.alert)
        try await walk.open("/account/email")
        try await walk.fill("#new-email", "new@example.org")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "email-change-asked", when: "document.querySelector('#new-email') === null")
        try await walk.follow("/change-email/agree")
        try await walk.look(at: "agree-to-email", on: "/change-email/agree")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "email-agreed", when: "document.querySelector('[name=link]') === null")
        try await walk.follow("/change-email/finish")
        try await walk.look(at: "new-email", on: "/change-email/finish")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "email-changed", when: "document.querySelector('[name=link]') === null")

        try await walk.open("/account/recovery-codes")
        try await walk.look(at: "recovery-codes", on: "/account/recovery-codes")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "recovery-codes-made", when: "document.querySelector('.codes') !== null")

        // The passkeys would sign in by themselves.
        for authenticator in authenticators { try await walk.browser.removeAuthenticator(authenticator) }
        try await walk.browser.forgetCookies()
        try await walk.open("/account")
        try await walk.look(at: "sign-in-account", on: "/sign-in")
        try await walk.signIn("alice", PageWalk.password)
        try await walk.look(at: "second-factor", on: "/second-factor")
        for factor in ["passkey", "totp", "recovery_code"] {
            let link = "a[href*='factor=\(factor)']"
            guard try await walk.browser.evaluate("document.querySelector(\"\(link)\") !== null") == "true" else {
                continue
            }
            try await walk.browser.click(link)
            try await walk.browser.wait(for: "location.search.includes('factor=\(factor)')")
            try await walk.look(at: "second-factor-\(factor)", on: "/second-factor")
        }
        try await walk.follow("/not-me")
        try await walk.look(at: "not-me", on: "/not-me")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "recovery-started", when: "document.querySelector('[name=link]') === null")
        // Shown in the user's own time zone, which needs no name.
        #expect(try await walk.browser.evaluate("document.querySelector('time').innerText.includes('UTC')") == "false")
        try await walk.follow("/recovery/cancel")
        try await walk.look(at: "recovery-cancel", on: "/recovery/cancel")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "recovery-canceled", when: "document.querySelector('[name=link]') === null")
        for (number, mail) in try walk.mail.received().enumerated() {
            try walk.folder.write("mail.html", mail.part(1))
            try await walk.browser.open("file://\(walk.folder.url.path())/mail.html")
            try await walk.inspection.look(at: "mail-\(number)")
        }
        try await walk.end()
    }

    /// Makes the recovery codes that come with a first passkey, and returns to the passkeys.
    private func makeFirstCodes(_ walk: PageWalk) async throws {
        try await walk.look(at: "recovery-codes-first", on: "/account/recovery-codes")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "recovery-codes-first-made", when: "document.querySelector('.codes') !== null")
        try await walk.open("/account/passkeys")
    }

    @Test("a confirmed address, invalid input, and a deleted account", arguments: ["en", "de"])
    func ending(_ language: String) async throws {
        let walk = try await PageWalk(language)
        try await walk.open("/account/email")
        try await walk.signIn("bob", PageWalk.password)
        try await walk.look(at: "email-unverified", on: "/account/email")
        try await walk.browser.click("[value=verify]")
        try await walk.follow("/verify-email")
        try await walk.look(at: "verify-email", on: "/verify-email")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "email-verified", when: "document.querySelector('[name=link]') === null")

        try await walk.browser.forgetCookies()
        try await walk.open("/account/profile")
        try await walk.signIn("dora", "a dormouse in a teapot")
        try await walk.browser.wait(for: "location.pathname === '/account/profile'")
        _ = try await walk.browser.evaluate("document.querySelector('#name').value = 'x'.repeat(256)")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "profile-refused", when: Self.alert)
        try await walk.open("/account/email")
        try await walk.look(at: "email-none", on: "/account/email")
        try await walk.open("/account/delete")
        try await walk.fill("#username", "bob")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "delete-refused", when: Self.alert)
        try await walk.fill("#username", "dora")
        try await walk.browser.click("button.primary")
        try await walk.look(at: "account-deleted", when: "document.querySelector('#username') === null")
        try await walk.end()
    }
}
