import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

/// A browser in which several people sign in. Each has the password "NAME likes tea".
struct SharedBrowser {
    let issuer: TestIssuer
    let browser: Browser

    init(
        _ names: [String], clock: TestClock = TestClock(), configure: (inout Settings) -> Void = { _ in }
    ) async throws {
        issuer = try await TestIssuer(clock: clock, configure: configure)
        let users = names.map {
            #"{"username": "\#($0)", "password": "\#(Self.password($0))", "email": "\#($0)@tea.example"}"#
        }
        try await issuer.apply(#"{"users": [\#(users.joined(separator: ", "))]}"#)
        browser = Browser(issuer)
        for name in names { try await add(name) }
    }

    private init(_ issuer: TestIssuer, _ browser: Browser) { (self.issuer, self.browser) = (issuer, browser) }

    /// Another browser at the same issuer, in which nobody is signed in.
    func another() -> SharedBrowser { SharedBrowser(issuer, Browser(issuer)) }

    static func password(_ name: String) -> String { "\(name) likes tea" }

    static func credentials(_ name: String) -> [(String, String)] {
        [("username", name), ("password", password(name))]
    }

    /// Signs someone in with "Use another account", from the account page.
    func add(_ name: String) async throws {
        var page = try await browser.get("/account/switch").page()
        if page.template == "select-account" { page = try await browser.submit(page, [("other", "yes")]).page() }
        #expect(page.template == "sign-in")
        #expect(try await browser.submit(page, Self.credentials(name)).page().template == "account")
        // A sign-in counts for requests that begin at the same moment.
        issuer.clock.advance(by: 1)
    }

    /// The account chooser that `parameters` lead to.
    func chooser(_ parameters: [(String, String)] = [("prompt", "select_account")]) async throws -> Page {
        let page = try await authorize(parameters).page()
        guard page.template == "select-account" else { throw Unexpected("got \(page.template)") }
        return page
    }

    func authorize(_ parameters: [(String, String)] = [], client: String = "web") async throws -> Response {
        var request = Browser.webRequest(scope: "openid", parameters)
        if client == "own" {
            request = request.map {
                switch $0.0 {
                case "client_id": ("client_id", client)
                case "redirect_uri": ("redirect_uri", "https://own.example/callback")
                default: $0
                }
            }
        }
        return try await browser.get("/authorize", request)
    }

    func choose(_ name: String, on page: Page) async throws -> Response {
        try await browser.submit(page, [("account", try id(of: name, on: page))])
    }

    func signOut(_ name: String, on page: Page) async throws -> Response {
        try await browser.submit(page, [("sign_out", try id(of: name, on: page))])
    }

    func id(of name: String, on page: Page) throws -> String {
        try #require(page.accounts.first { $0.username == name }?.id)
    }

    /// Consents if asked, and returns the username of the person whom the client's code is about.
    func person(in response: Response, client: String = "web") async throws -> String? {
        guard let id = try await claims(in: response, client: client)["sub"]?.string else { return nil }
        return try await issuer.stores.users.find(Identifier(rawValue: id))?.username
    }

    /// Consents if asked, and returns the claims of the ID Token.
    func claims(in response: Response, client: String = "web") async throws -> JSONObject {
        var response = response
        if case .page(let page) = response.body {
            guard page.template == "consent" else { throw Unexpected("got \(page.template)") }
            response = try await browser.submit(page, [("decision", "allow")])
        }
        let form = [
            ("grant_type", "authorization_code"), ("code", try response.answer().required("code")),
            ("redirect_uri", "https://\(client == "own" ? "own" : "shop").example/callback"),
        ]
        let tokens = try await issuer.token(form, client: client).json()
        return try JWTClaims.of(tokens["id_token"]?.string)
    }

    /// The user whose account page the browser shows; `nil` if nobody is current.
    func current() async throws -> String? {
        let page = try await browser.get("/account").page()
        return page.template == "account" ? page.text("user", "username") : nil
    }

    /// The error of a request with `prompt=none`; `nil` if it gets a code.
    func silentError(_ parameters: [(String, String)] = []) async throws -> String? {
        try await authorize([("prompt", "none")] + parameters).answer()["error"]
    }

    func session(of name: String) async throws -> Session? {
        let user = try #require(try await issuer.stores.users.find(named: name))
        return try await issuer.stores.sessions.sessions(of: user.id, at: issuer.clock.now).first
    }
}

extension Page {
    /// The accounts of the account chooser.
    var accounts: [(id: String, username: String, isCurrent: Bool)] {
        guard case .list(let list)? = data["accounts"] else { return [] }
        return list.map { value in
            guard case .object(let object) = value, case .text(let id)? = object["id"],
                case .text(let username)? = object["username"]
            else { return ("", "", false) }
            return (id, username, object["is_current"] == .flag(true))
        }
    }

    var usernames: [String] { accounts.map(\.username) }
}
