import Foundation
import TestSupport
import Testing

@Suite("Signing in with other providers, in a real browser", .serialized, .timeLimit(.minutes(5)))
struct UpstreamInBrowserTests {
    @Test("the demo's upstream: a first sign-in makes an account, the next one needs no question")
    func demo() async throws {
        let folder = try Folder()
        let demoPort = try freePort()
        let server = try await RunningServer(["--demo", "--demo-port", String(demoPort)], in: folder.url)
        try await until("the greeting is printed") { server.program.output.contains("curiouser-and-curiouser") }
        let browser = try await Chromium()
        try await browser.open("http://localhost:\(demoPort)/")
        try await browser.wait(for: "document.body.dataset.state === 'signed-out'")
        try await browser.click("#sign-in")
        try await browser.continue(with: "demo")
        try await browser.signIn("dinah", "curiouser-and-curiouser")
        try await browser.wait(for: "document.querySelector('button[value=allow]') !== null")
        #expect(try await browser.evaluate("document.body.innerText.includes('Dinah Liddell')") == "true")
        try await browser.click("button[value=allow]")
        try await browser.wait(for: "document.body.dataset.state === 'signed-in'")
        let claims = try await browser.evaluate("document.querySelector('#id-token-claims').innerText")
        #expect(claims.contains(server.issuer))
        #expect(!claims.contains("demo-upstream"))
        #expect(claims.contains("\"fed\""))
        try await browser.click("#sign-out")
        try await browser.wait(for: "document.body.dataset.state === 'signed-out'")

        // Still signed in at the upstream.
        try await browser.click("#sign-in")
        try await browser.continue(with: "demo")
        try await browser.wait(for: "document.querySelector('button[value=allow]') !== null")
        try await browser.click("button[value=allow]")
        try await browser.wait(for: "document.body.dataset.state === 'signed-in'")
        try await browser.quit()
        try await server.stop()
    }

    @Test("another Martlet: the person gets an account, and signing out here signs out there")
    func martlet() async throws {
        let (folder, port) = (try Folder(), try freePort())
        // Cookies don't tell ports apart, so the two have different hosts.
        let there = try await RunningServer(
            [
                "--apply",
                try folder.write(
                    "there.yaml",
                    """
                    users: [{username: dinah, password: curiouser-and-curiouser, name: Dinah Liddell}]
                    clients:
                      - client_id: martlet
                        client_secret: \(Self.secret)
                        redirect_uris: [http://127.0.0.1:\(port)/upstream/other/callback]
                        post_logout_redirect_uris: [http://127.0.0.1:\(port)/upstream/other/signed-out]
                        consent: skip
                        scope: openid profile email
                    """), "--storage", "sqlite:there/martlet.db", "--master-key-file", "there/key",
                "--name", "The other",
            ], in: folder.url)
        let here = try await RunningServer(
            [
                "--apply",
                try folder.write(
                    "here.yaml",
                    """
                    upstreams:
                      - id: other
                        preset: martlet
                        issuer: \(there.issuer)
                        private_network: true
                        client_id: martlet
                        client_secret: \(Self.secret)
                        sign_up: create
                        sign_out: upstream
                    """), "--storage", "sqlite:here/martlet.db", "--master-key-file", "here/key",
            ], in: folder.url, port: port, issuer: "http://127.0.0.1:\(port)")
        let browser = try await Chromium()
        try await browser.open("\(here.issuer)/account")
        try await browser.continue(with: "other")
        try await browser.signIn("dinah", "curiouser-and-curiouser")
        try await browser.wait(for: "location.port === '\(port)' && location.pathname === '/account'")
        #expect(try await browser.evaluate("document.body.innerText.includes('Dinah Liddell')") == "true")
        try await browser.click("[name=here]")
        try await browser.wait(for: "location.port === '\(port)' && document.querySelector('.rows') === null")
        try await browser.open("\(there.issuer)/account")
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.quit()
        try await here.stop()
        try await there.stop()
    }

    @Test("Glewlwyd: the person chooses a name here, and a sign-out there ends the sessions here")
    func glewlwyd() async throws {
        let (folder, port) = (try Folder(), try freePort())
        let callback = "http://localhost:\(port)/upstream/glewlwyd"
        let there = try await GlewlwydServer(
            redirectURI: "\(callback)/callback", postLogoutRedirectURI: "\(callback)/signed-out",
            backchannelLogoutURI: "\(callback)/backchannel-logout")
        let here = try await RunningServer(
            [
                "--apply",
                try folder.write(
                    "here.yaml",
                    """
                    upstreams:
                      - id: glewlwyd
                        name: Glewlwyd
                        issuer: \(there.issuer)
                        private_network: true
                        client_id: \(GlewlwydServer.clientID)
                        client_secret: \(GlewlwydServer.clientSecret)
                        sign_up: ask
                        sign_out: upstream
                    """),
            ], in: folder.url, port: port)
        let browser = try await Chromium()
        try await browser.open("\(here.issuer)/account")
        try await browser.continue(with: "glewlwyd")
        try await browser.signInAtGlewlwyd(as: "alice")
        try await browser.wait(for: "document.querySelector('[value=create]') !== null")
        #expect(try await browser.evaluate("document.querySelector('#username').value") == "alice")
        try await browser.click("[value=create]")
        try await browser.wait(for: "location.pathname === '/account'")
        #expect(try await browser.evaluate("document.body.innerText.includes('alice@example.com')") == "true")

        // A second session here that rests on the same one there.
        let first = try await browser.cookie("martlet-session")
        #expect(try await Self.isSignedIn(first, at: here))
        try await browser.forget(["martlet-session", "martlet-browser"])
        try await browser.open("\(here.issuer)/account")
        try await browser.continue(with: "glewlwyd")
        try await browser.continueAtGlewlwyd()
        try await browser.wait(for: "location.pathname === '/account' && document.querySelector('.rows') !== null")
        #expect(try await browser.cookie("martlet-session") != first)
        #expect(try await Self.isSignedIn(first, at: here))
        try await browser.click("[name=here]")
        try await browser.confirmSignOutAtGlewlwyd()
        try await browser.wait(for: "location.port === '\(port)' && document.querySelector('.rows') === null")
        try await until("the logout token has arrived") { try await !Self.isSignedIn(first, at: here) }
        try await browser.quit()
        try await here.stop()
        _ = withExtendedLifetime(there) { there.port }
    }

    @Test("an OAuth 2 provider on Authlib: linked on the account page, used, refused, and removed")
    func authlib() async throws {
        let (folder, port) = (try Folder(), try freePort())
        let there = try await OAuthProviderServer(redirectURI: "http://localhost:\(port)/upstream/forge/callback")
        let here = try await RunningServer(
            [
                "--apply",
                try folder.write(
                    "here.yaml",
                    """
                    users: [{username: alice, password: down-the-rabbit-hole, name: Alice}]
                    upstreams:
                      - id: forge
                        name: Forge
                        authorization_endpoint: \(there.authorizationEndpoint)
                        token_endpoint: \(there.tokenEndpoint)
                        userinfo_endpoint: \(there.userEndpoint)
                        emails_endpoint: \(there.emailsEndpoint)
                        private_network: true
                        scope: read:user user:email
                        claims: {sub: id, preferred_username: login}
                        client_id: \(OAuthProviderServer.clientID)
                        client_secret: \(OAuthProviderServer.clientSecret)
                    """),
            ], in: folder.url, port: port)
        let browser = try await Chromium()
        try await browser.open("\(here.issuer)/account/linked-accounts")
        try await browser.signIn("alice", "down-the-rabbit-hole")
        try await browser.wait(for: "document.querySelector('a.button[href*=offer]') !== null")
        try await browser.click("a.button[href*=offer]")
        try await browser.signInAtOAuthProvider()
        try await browser.wait(for: "document.querySelector('[value=add]') !== null")
        try await browser.click("[value=add]")
        try await browser.wait(for: "document.querySelector('[value=remove]') !== null")

        try await browser.forgetCookies()
        try await browser.open("\(here.issuer)/account")
        try await browser.continue(with: "forge")
        try await browser.cancelAtOAuthProvider()
        try await browser.wait(for: "document.querySelector('[role=alert]')?.innerText.includes('Forge') === true")
        try await browser.continue(with: "forge")
        try await browser.signInAtOAuthProvider()
        try await browser.wait(for: "location.pathname === '/account' && document.querySelector('.rows') !== null")

        // A person without an account here does not get one.
        try await browser.forgetCookies()
        try await browser.open("\(here.issuer)/account")
        try await browser.continue(with: "forge")
        try await browser.signInAtOAuthProvider(as: .bob)
        try await browser.wait(for: "document.querySelector('[value=link]') !== null")
        #expect(try await browser.evaluate("document.querySelector('[value=create]') === null") == "true")

        try await browser.forgetCookies()
        try await browser.open("\(here.issuer)/account/linked-accounts")
        try await browser.signIn("alice", "down-the-rabbit-hole")
        try await browser.wait(for: "document.querySelector('[value=remove]') !== null")
        try await browser.click("[value=remove]")
        try await browser.wait(for: "document.querySelector('[value=remove]') === null")
        try await browser.quit()
        try await here.stop()
        _ = withExtendedLifetime(there) { there.port }
    }

    private static let secret = "a-secret-that-only-two-servers-know-1"

    /// Whether the session of this cookie still opens the account page.
    private static func isSignedIn(_ session: String, at server: RunningServer) async throws -> Bool {
        let client = WebClient(origin: server.issuer, port: server.port)
        return try await client.get("/account", headers: [("Cookie", "martlet-session=\(session)")]).status == 200
    }
}

extension Chromium {
    /// Chooses an upstream on the sign-in page.
    fileprivate func `continue`(with upstream: String) async throws {
        let link = "a[href$=\"upstream=\(upstream)\"]"
        try await wait(for: "document.querySelector('\(link)') !== null")
        try await click(link)
    }

    fileprivate func signIn(_ username: String, _ password: String) async throws {
        try await wait(for: "document.querySelector('#password') !== null")
        try await type(username, into: "#username")
        try await type(password, into: "#password")
        try await click("button[type=submit]")
    }

    fileprivate func cookie(_ name: String) async throws -> String {
        let cookies = try await devTools("Network.getAllCookies")["cookies"] as? [[String: Any]] ?? []
        guard let value = cookies.first(where: { $0["name"] as? String == name })?["value"] as? String else {
            throw Unexpected("no cookie \(name)")
        }
        return value
    }

    fileprivate func forget(_ names: [String]) async throws {
        for name in names { try await devTools("Network.deleteCookies", ["name": name, "domain": "localhost"]) }
    }
}
