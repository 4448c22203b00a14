import FoundationEssentials
import HTTPTypes
import InMemoryLogging
import JOSE
import Logging
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("An unregistered value is shown, and operators learn where to register it")
struct UnregisteredTests {
    private func sent(_ page: Page) -> [String: String] {
        guard case .object(let sent)? = page.data["sent"] else { return [:] }
        return sent.compactMapValues { if case .text(let text) = $0 { text } else { nil } }
    }

    /// The notes of the last refused request.
    private func notes(_ issuer: TestIssuer) async throws -> String {
        try await issuer.recorded().last { $0.event == "request_refused" }?.notes.joined(separator: "\n") ?? ""
    }

    private func error(_ issuer: TestIssuer, _ path: String, _ query: [(String, String)]) async throws -> OAuthError? {
        let endpoint = issuer.provider.endpoints.first { $0.routes.contains { $0.path.text == path } }
        do {
            _ = try await endpoint?.respond(
                to: Request(
                    method: .get, path: path, query: FormEncoding.encode(query.map { (name: $0.0, value: $0.1) })))
            return nil
        } catch let error as OAuthError { return error }
    }

    @Test("a wrong redirect URI is on the page with where to register it; what is registered, only in log and audit")
    func redirect() async throws {
        let issuer = try await TestIssuer()
        let query = [("client_id", "web"), ("redirect_uri", "https://shop.example/call-back")]
        let page = try await Browser(issuer).get("/authorize", query).page()
        #expect(sent(page) == ["name": "redirect_uri", "value": "https://shop.example/call-back"])
        #expect(page.text("remedy") == "text.remedy_redirect_uri_unregistered")
        #expect(!"\(page)".contains("https://shop.example/callback"))
        let notes = try await notes(issuer)
        for words in [
            "The redirect_uri https://shop.example/call-back is not registered for the client web.",
            "Add it to redirect_uris of the client in the resource file and run `martlet apply`.",
            "Registered: https://shop.example/callback https://shop.example/cb?x=1.",
        ] { #expect(notes.contains(words), "\(notes)") }
        let error = try #require(try await error(issuer, "/authorize", query))
        #expect(error.cause.map { notes.contains("\($0)") } == true)
        #expect(error.client?.rawValue == "web")
    }

    @Test("log lines of refused authorizations and sign-ins name client and route, and what is registered")
    func log() async throws {
        let issuer = try await TestIssuer()
        let log = InMemoryLogHandler()
        try await withLogger(Logger(label: "test") { _ in log }) { _ in
            _ = try await Browser(issuer).get("/authorize", Browser.webRequest(scope: "orders.write"))
            _ = try await Browser(issuer).authorize(Browser.webRequest(), password: "wrong")
            let bob = Browser(issuer)
            let page = try await bob.authorize(Browser.webRequest(), as: "bob", password: "battery staple").page()
            _ = try await bob.submit(page, [("code", "000000")])
        }
        let refused = log.entries.filter { $0.message.description.hasSuffix("refused") }.map(\.metadata)
        #expect(refused.allSatisfy { $0["client_id"] == "web" }, "\(refused)")
        #expect(Set(refused.map { "\($0["route"] ?? "")" }) == ["/authorize", "/sign-in", "/second-factor"])
        let cause = "\(refused.first?["cause"] ?? "")"
        #expect(cause.contains("Registered: openid profile"))
    }

    @Test("an unknown client and a disabled one look the same on the page, not to the operator")
    func clients() async throws {
        let issuer = try await TestIssuer()
        for (client, advice) in [
            ("nobody", "No client has the client_id nobody. Add it to clients in the resource file"),
            ("off", "The client off is disabled. `martlet client enable off` enables it."),
        ] {
            let page = try await Browser(issuer).get("/authorize", [("client_id", client)]).page()
            #expect(sent(page) == ["name": "client_id", "value": client])
            #expect(page.text("remedy") == "text.remedy_client_unknown")
            #expect(try await notes(issuer).contains(advice))
        }
    }

    @Test("at the token endpoint, an unknown client_id is not repeated, because it may be a secret")
    func unknownClientAtTokenEndpoint() async throws {
        let issuer = try await TestIssuer()
        _ = try await issuer.token([("grant_type", "client_credentials")], client: "a-secret-in-the-wrong-place")
        let record = try #require(try await issuer.recorded().last { $0.event == "client_authentication_failed" })
        #expect(record.notes.last?.contains("Add it to clients in the resource file and run `martlet apply`.") == true)
        #expect(!"\(record)".contains("a-secret-in-the-wrong-place"))
    }

    @Test("an unregistered address to return to after signing out")
    func signOut() async throws {
        let issuer = try await TestIssuer()
        let query = [("client_id", "web"), ("post_logout_redirect_uri", "https://shop.example/bye")]
        let page = try await Browser(issuer).get("/logout", query).page()
        #expect(sent(page)["value"] == "https://shop.example/bye")
        #expect(page.text("remedy") == "text.remedy_return_uri_unregistered")
        let notes = try await notes(issuer)
        #expect(
            notes.contains("Add it to post_logout_redirect_uris") && notes.contains("Registered: https://shop.example/")
        )
    }

    @Test("an unregistered scope is named to the client; what is registered, only to the operator")
    func scope() async throws {
        let issuer = try await TestIssuer()
        let answer = try await issuer.token([("grant_type", "client_credentials"), ("scope", "orders.write made.up")])
            .json()
        #expect(answer["error"] == "invalid_scope")
        let description = try #require(answer["error_description"]?.string)
        #expect(description.contains("orders.write made.up") && !description.contains("reports.read"))
        let notes = try await notes(issuer)
        for words in [
            "The scope orders.write made.up is not registered for the client web. Add it to scope of the client",
            "Registered: openid profile email address phone offline_access orders.read reports.read.",
            "No resource server has the scope made.up. Add it to scopes of one in resource_servers.",
        ] { #expect(notes.contains(words), "\(notes)") }
        // In an authorization request, the description goes to the client's redirect URI.
        let redirected = try await Browser(issuer).get("/authorize", Browser.webRequest(scope: "orders.write")).answer()
        #expect(redirected["error_description"]?.contains("the scope orders.write is not available") == true)
    }

    @Test("a scope that is left out is explained even if the request succeeds")
    func narrowed() async throws {
        let issuer = try await TestIssuer()
        _ = try await issuer.token([("grant_type", "client_credentials"), ("scope", "orders.read orders.write")])
        let record = try #require(try await issuer.recorded().last { $0.event == "tokens_issued" })
        #expect(record.notes.contains { $0.hasPrefix("The scope orders.write is not registered for the client web.") })
    }

    @Test("an unknown resource is named with resource_servers; clients can't tell it from one they may not use")
    func resource() async throws {
        let issuer = try await TestIssuer()
        func refused(_ client: String, _ resource: String) async throws -> String {
            let form = [
                ("grant_type", "client_credentials"), ("client_id", client), ("resource", resource),
                ("client_secret", "post-secret-post-secret-post-secret"),
            ]
            let answer = try await issuer.send(.post, "/token", form: form).json()
            #expect(answer["error"] == "invalid_target")
            return answer["error_description"]?.string ?? ""
        }
        let (unknown, other) = ("https://unknown.example.com", "https://reports.example.com")
        let description = try await refused("post", unknown)
        #expect(
            description.contains("the resource \(unknown) is not known") && description.contains("resource_servers"))
        let notes = try await notes(issuer)
        #expect(notes.contains("The resource \(unknown) is not known. Add it to resource_servers in the resource file"))
        #expect(notes.contains("Registered: https://api.example.com https://reports.example.com."))
        #expect(try await refused("post", other) == description.replacing(unknown, with: other))
        #expect(try await self.notes(issuer).contains("Its scopes: reports.read."))
    }

    @Test(
        "text from a request is ASCII that an error_description may have, and bounded",
        arguments: [
            ("https://x.example/?a=b#c", "https://x.example/?a=b#c"), ("a\"b\\c", "a<U+22>b<U+5C>c"),
            ("ex\u{E4}mple \u{202E}", "ex<U+E4>mple <U+202E>"), ("a\r\n", "a<U+D><U+A>"),
            (String(repeating: "x", count: 201), String(repeating: "x", count: 200) + "..."),
            (String(repeating: "\u{1F600}", count: 100_000), nil),
        ] as [(String, String?)])
    func text(_ sent: String, _ shown: String?) {
        let text = SentText(sent).description
        if let shown { #expect(text == shown) }
        #expect(text.utf8.count <= 203)
        #expect(text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
    }

    @Test("hostile values stay within the characters of an error_description, in the response and in the log")
    func hostile() async throws {
        let issuer = try await TestIssuer()
        let value = "https://evil.example/\"><script>alert(1)</script>\u{202E}" + String(repeating: "x", count: 5_000)
        let form = [
            ("grant_type", "client_credentials"), ("client_id", "post"), ("resource", value),
            ("client_secret", "post-secret-post-secret-post-secret"),
        ]
        let description = try await issuer.send(.post, "/token", form: form).json()["error_description"]?.string ?? ""
        #expect(description.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
        #expect(description.utf8.count < 400)
        #expect(try await notes(issuer).utf8.count < 2_000)
    }
}
