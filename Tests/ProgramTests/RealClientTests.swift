import Foundation
import TestSupport
import Testing

@Suite("Real clients, unmodified", .serialized, .timeLimit(.minutes(5)))
struct RealClientTests {
    /// With characters that form-encoding changes, which none of these clients encodes.
    private static let secret = "p+s/w%41d=one-two:three"
    private static let callback = "http://localhost:4242/callback"

    private static let resources = """
        x-common: &common
          grant_types: [authorization_code, refresh_token, client_credentials]
          scope: openid profile email offline_access orders.read
        defaults:
          response_types: [code]
        clients:
          - <<: *common
            client_id: library
            client_secret: \(secret)
            redirect_uris: [\(callback)]
            id_token_claims: scope
          - client_id: swagger
            token_endpoint_auth_method: none
            redirect_uris: [http://localhost:PORT/oauth2-redirect.html]
            scope: openid profile
        resource_servers:
          - identifier: https://orders.example
            scopes: [orders.read]
            access_token_signing_alg: RS256
        users:
          - username: alice
            password: correct horse battery
            name: Alice Liddell
            email: alice@example.com
            email_verified: true
        """

    private func server(
        port: Int = 1, _ options: [String] = [], in folder: Folder
    ) async throws -> RunningServer {
        try folder.write("resources.yaml", Self.resources.replacing("PORT", with: String(port)))
        return try await RunningServer(["--apply", "resources.yaml"] + options, in: folder.url)
    }

    /// Signs Alice in at the address that a client opens, and returns the address that her browser is sent back to.
    private func signIn(_ address: String, _ server: RunningServer) async throws -> String {
        guard address.hasPrefix(server.issuer) else { throw Unexpected("the client opens \(address)") }
        let browser = WebClient(origin: server.issuer)
        let page = try await browser.follow(browser.get(String(address.dropFirst(server.issuer.count))))
        let form = page.form
        let user = [("username", "alice"), ("password", "correct horse battery")]
        var answer = try await browser.follow(browser.post(form.action, form.fields + user))
        if answer.header("location") == nil {
            let consent = answer.form
            answer = try await browser.follow(browser.post(consent.action, consent.fields + [("decision", "allow")]))
        }
        guard let location = answer.header("location") else { throw Unexpected("no redirect: \(answer.body)") }
        return location
    }

    @Test(
        "a library signs in, reads the claims, refreshes, and gets a token of its own",
        arguments: ["authlib-client.py", "idpyoidc-client.py", "requests-oauthlib-client.py"])
    func library(_ name: String) async throws {
        let folder = try Folder()
        let server = try await server(in: folder)
        let client = try ClientProgram(name, [server.issuer, "library", Self.secret, Self.callback])
        let address = try #require(try await client.lines(1).first)
        try await client.send(signIn(address, server))
        let report = try json(#require(try await client.lines(2).last))

        func member(_ name: String) throws -> [String: Any] {
            try #require(report[name] as? [String: Any], "\(report)")
        }
        #expect(try member("userinfo")["name"] as? String == "Alice Liddell")
        let (former, next) = (
            try member("token")["access_token"] as? String, try member("refreshed")["access_token"] as? String
        )
        #expect(former != nil && next != nil && former != next)
        // requests-oauthlib doesn't read ID Tokens, and idpyoidc has no client credentials here.
        if name != "requests-oauthlib-client.py" {
            let claims = try member("claims")
            #expect(claims["name"] as? String == "Alice Liddell")
            #expect(claims["email"] as? String == "alice@example.com")
        }
        if name != "idpyoidc-client.py" {
            let token = try #require(try member("machine")["access_token"] as? String)
            let header = try #require(Data(base64Encoded: Self.padded(token.prefix { $0 != "." })))
            #expect(try json(String(decoding: header, as: UTF8.self))["alg"] as? String == "RS256")
        }
        try await server.stop()
    }

    @Test(
        "Authlib and joserfc bind tokens to a key with DPoP, and are refused on replay, as bearers, and with another key",
        arguments: [false, true])
    func dpop(nonces: Bool) async throws {
        let folder = try Folder()
        let server = try await server(nonces ? ["--dpop-nonces", "true"] : [], in: folder)
        let client = try ClientProgram("dpop-client.py", [server.issuer, "library", Self.secret, Self.callback])
        try await client.send(signIn(#require(try await client.lines(1).first), server))
        let report = try json(#require(try await client.lines(2).last))

        let token = try #require(report["token"] as? [String: Any], "\(report)")
        #expect(token["token_type"] as? String == "DPoP")
        let text = try #require(token["access_token"] as? String)
        let claims = try #require(Data(base64Encoded: Self.padded(text.split(separator: ".")[1])))
        let confirmation = try json(String(decoding: claims, as: UTF8.self))["cnf"] as? [String: String]
        #expect(confirmation?["jkt"] == report["thumbprint"] as? String)
        #expect((report["userinfo"] as? [String: Any])?["name"] as? String == "Alice Liddell")
        #expect(report["statuses"] as? [Int] == [200, 401])
        #expect((report["replay"] as? String)?.contains("error=\"invalid_dpop_proof\"") == true)
        #expect(report["bearer"] as? Int == 401)
        #expect(report["stolen"] as? Int == 401)
        #expect(report["refreshed"] as? Int == 200)
        #expect((report["nonce"] is String) == nonces)
        try await server.stop()
    }

    private static func padded(_ text: Substring) -> String {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        return standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)
    }

    @Test("oidc-agent refreshes, with its spaces in the body and its secret as it is")
    func oidcAgent() async throws {
        let folder = try Folder()
        let server = try await server(in: folder)
        // requests-oauthlib gets the first refresh token.
        let library = try ClientProgram(
            "requests-oauthlib-client.py", [server.issuer, "library", Self.secret, Self.callback])
        try await library.send(signIn(#require(try await library.lines(1).first), server))
        let report = try json(#require(try await library.lines(2).last))
        let refreshed = try #require(report["refreshed"] as? [String: Any])
        let agent = try ClientProgram(
            "oidc-agent", [server.issuer, "library", Self.secret, Self.callback],
            environment: ["OIDC_REFRESH_TOKEN": #require(refreshed["refresh_token"] as? String)])
        let tokens = try await agent.lines(2)
        #expect(Set(tokens).count == 2)
        for token in tokens {
            let answer = try await WebClient(origin: server.issuer)
                .get("/userinfo", headers: [("Authorization", "Bearer \(token)")])
            #expect(try json(answer.body)["email"] as? String == "alice@example.com")
        }
        try await server.stop()
    }

    @Test("Swagger UI gets a token with PKCE and calls the API from its own origin")
    func swaggerUI() async throws {
        let folder = try Folder()
        let port = try freePort()
        let server = try await server(port: port, in: folder)
        let site = try ClientProgram("swagger-ui", [String(port), server.issuer])
        let files = WebClient(origin: "http://localhost:\(port)")
        try await until("Swagger UI is served") { (try? await files.get("/index.html").status) == 200 }
        let browser = try await Chromium()
        try await browser.open("http://localhost:\(port)/index.html")
        try await browser.wait(for: "document.querySelector('.auth-wrapper .authorize') !== null")
        try await browser.click(".auth-wrapper .authorize")
        try await browser.wait(for: "document.querySelector('.modal-btn.authorize') !== null")
        try await browser.click(".modal-btn.authorize")

        try await browser.switchToWindow(1)
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await browser.type("alice", into: "#username")
        try await browser.type("correct horse battery", into: "#password")
        try await browser.click("button[type=submit]")
        try await browser.wait(for: "document.querySelector('button[value=allow]') !== null")
        try await browser.click("button[value=allow]")

        try await browser.switchToWindow(0)
        // Swagger UI asks for the token with X-Requested-With, which needs a preflight.
        try await browser.wait(for: "document.querySelector('.auth-container .btn.modal-btn').innerText === 'Logout'")
        try await browser.click(".btn-done")
        try await browser.click(".opblock-summary-control")
        try await browser.wait(for: "document.querySelector('.try-out__btn') !== null")
        try await browser.click(".try-out__btn")
        try await browser.click(".btn.execute")
        try await browser.wait(for: "document.body.innerText.includes('Alice Liddell')")
        try await browser.quit()
        try await server.stop()
        withExtendedLifetime(site) {}
    }
}
