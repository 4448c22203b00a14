import Foundation
import TestSupport
import Testing

/// A server with users and applications, and a browser that walks through its pages.
struct PageWalk {
    let server: RunningServer
    let mail: SMTPServer
    let browser: Chromium
    let inspection: PageInspection
    let folder: Folder

    /// `upstreams` is added to the resource file.
    init(_ language: String, _ upstreams: String = "upstreams: []\n", host: String = "localhost") async throws {
        folder = try Folder()
        mail = try SMTPServer()
        let port = try freePort()
        try folder.write("resources.yaml", upstreams + Self.resources("http://\(host):\(port)"))
        server = try await RunningServer(
            [
                "--apply", "resources.yaml", "--mail-smtp", "smtp://127.0.0.1:\(mail.port)", "--mail-from",
                "no-reply@example.com", "--sign-up", "open",
            ], in: folder.url, port: port, issuer: "http://\(host):\(port)")
        browser = try await Chromium()
        inspection = try await PageInspection(browser, language: language)
    }

    func open(_ path: String) async throws { try await browser.open(server.issuer + path) }

    func authorize(_ client: String, _ more: String = "") async throws { try await open(request(client, more)) }

    func request(_ client: String, _ more: String = "") -> String {
        let scope = "openid%20profile%20email%20address%20phone%20offline_access%20roles%20orders.read"
        return "/authorize?response_type=code&client_id=\(client)&scope=\(scope)&code_challenge_method=S256"
            + "&redirect_uri=\(server.issuer)/health/live&code_challenge=\(Proof().challenge)\(more)"
    }

    /// Waits for the page at a path, and inspects it.
    func look(at name: String, on path: String) async throws {
        try await browser.wait(for: "location.pathname === '\(path)' && document.querySelector('h1') !== null")
        try await inspection.look(at: name)
    }

    func look(at name: String, when condition: String) async throws {
        try await browser.wait(for: condition)
        try await inspection.look(at: name)
    }

    func signIn(_ name: String, _ password: String) async throws {
        try await browser.wait(for: "document.querySelector('#password') !== null")
        try await fill("#username", name)
        try await fill("#password", password)
        try await browser.click("button[type=submit]")
    }

    func fill(_ selector: String, _ text: String) async throws {
        _ = try await browser.evaluate("document.querySelector('\(selector)').value = ''")
        try await browser.type(text, into: selector)
    }

    /// Fills in a field and submits its form.
    func submit(_ text: String, in selector: String) async throws {
        try await fill(selector, text)
        try await browser.click("button[type=submit]")
    }

    /// Opens the link to `path` in the latest email that has one.
    func follow(_ path: String) async throws {
        func link() throws -> String? {
            try mail.received().compactMap(\.link).last { $0.hasPrefix("\(server.issuer)\(path)?") }
        }
        try await until("a link to \(path) came in") { try link() != nil }
        try await browser.open(try #require(try link()))
    }

    func end() async throws {
        try await browser.quit()
        try await server.stop()
    }

    /// A payment and a folder, encoded for a query.
    static var details: String {
        let text = """
            [{"type": "payment", "actions": ["initiate", "cancel"], "amount": {"currency": "EUR", "value": "123.50"},
              "creditor": {"name": "<script>Merchant & שלום Ltd", "iban": "DE02100100109307118603"}, "reference": "7 / 2026"},
             {"type": "folder", "path": "/reports/\(String(repeating: "Donaudampfschifffahrt", count: 6))",
              "isShared": true, "rules": [{"name": "Only on weekdays"}, {}]}]
            """
        return text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    static let password = "down the rabbit hole"
    private static let words =
        "The Distinguished and Most Honorable Company of Merchants and Mariners of the Far Northern Isles and All Coasts"
    private static let many = ["entra", "github", "gitlab", "google", "keycloak", "martlet", "merchants"]
    private static let unbroken = String(repeating: "Donaudampfschifffahrt", count: 6)

    private static func client(
        _ id: String, _ name: String, of issuer: String, minimum: Int = 1, upstreams: [String] = []
    ) -> String {
        """
          - client_id: \(id)
            client_name: \(name)
            token_endpoint_auth_method: none
            redirect_uris: ["\(issuer)/health/live"]
            client_uri: https://shop.example/
            policy_uri: https://shop.example/privacy
            tos_uri: https://shop.example/terms
            grant_types: [authorization_code, refresh_token]
            scope: openid profile email address phone offline_access roles orders.read
            authorization_details_types: [payment, folder]
            minimum_acr: urn:martlet:acr:\(minimum)
            upstreams: [\(upstreams.joined(separator: ", "))]
        """
    }

    private static func resources(_ issuer: String) -> String {
        """
        attributes:
          - {name: department, title: {en: Department, de: Abteilung}, user: visible, claims: [{scope: profile}]}
          - {name: remote, title: {en: Works remotely, de: Arbeitet von zu Hause}, type: boolean, user: editable}
          - {name: hobbies, title: {en: Hobbies, de: Hobbys}, type: list, user: editable, claims: [{scope: profile}]}
          - {name: blog, title: Blog, type: url, user: editable, claims: [{resource_servers: ["https://orders.example"]}]}
          - {name: hired, title: {en: Start date, de: Eintritt}, type: date, user: editable}
          - {name: lucky_number, title: {en: Lucky number, de: Glückszahl}, type: integer, user: editable}
          - {name: shirt, title: {en: Shirt size, de: Hemdgröße}, values: [S, M, L], user: editable}
        users:
          - username: alice
            password: down the rabbit hole
            name: Alice Liddell
            email: alice@example.com
            email_verified: true
            attributes: {department: Wonderland, remote: true, hobbies: [croquet, riddles], blog: "https://alice.example"}
          - {username: bob, password: down the rabbit hole, name: Bob Sawyer, email: bob@example.com}
          - {username: dora, password: a dormouse in a teapot, name: Dora}
        resource_servers:
          - {identifier: "https://orders.example", name: Orders, description: What you bought, scopes: {orders.read: See your orders}}
          - identifier: https://payments.example
            name: Payments
            scopes: []
            authorization_details_types:
              payment:
                text:
                  en: Pay {amount.value} {amount.currency} to {creditor.name}
                  de: "{amount.value} {amount.currency} an {creditor.name} zahlen"
                schema:
                  type: object
                  required: [amount, creditor]
                  properties:
                    actions: {type: array, title: {en: Actions, de: Aktionen}, items: {type: string}}
                    amount:
                      type: object
                      required: [currency, value]
                      properties: {currency: {type: string}, value: {type: string}}
                    creditor:
                      type: object
                      title: {en: Recipient, de: Empfänger}
                      required: [name]
                      properties: {name: {type: string}, iban: {type: string, title: IBAN}}
                    reference: {type: string, title: {en: Reference, de: Verwendungszweck}}
              folder:
                title: {en: Use a folder, de: Einen Ordner verwenden}
                schema:
                  type: object
                  properties:
                    path: {type: string, title: {en: Path, de: Pfad}}
                    isShared: {type: boolean, title: {en: Shared with others, de: Mit anderen geteilt}}
                    rules:
                      type: array
                      title: {en: Rules, de: Regeln}
                      items: {type: object, properties: {name: {type: string, title: Name}}}
        clients:
        \(client("shop", "Web shop", of: issuer))
        \(client("words", words, of: issuer))
        \(client("unbroken", unbroken, of: issuer))
        \(client("strict", "Bank", of: issuer, minimum: 2))
        \(client("few", "Corner shop", of: issuer, upstreams: ["github", "google"]))
        \(client("routed", "Office", of: issuer, upstreams: ["corp", "google"]))
        \(client("many", "Market", of: issuer, upstreams: many))
        """
    }
}
