import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9396 §3.1, §12: consent to authorization details")
struct DetailsConsentTests {
    private func isolated(_ text: String) -> String { "\u{2068}\(text)\u{2069}" }

    @Test("RFC9396-002: scopes and details are shown together, grouped by resource server")
    func merged() async throws {
        let browser = Browser(try await DetailsCase.issuer())
        let page = try await DetailsCase.consent(
            browser, scope: "openid payments.read", DetailsCase.payment, DetailsCase.folder)
        let (value, currency) = (isolated("123.50"), isolated("EUR"))
        let pay: Page.Value = [
            "scope": "payment", "is_other": true, "has_members": true,
            "description": .translated(
                [
                    "en": "Pay \(value) \(currency) to \(isolated("Merchant Ltd"))",
                    "de": "\(value) \(currency) an \(isolated("Merchant Ltd")) zahlen",
                ], otherwise: "Pay \(value) \(currency) to \(isolated("Merchant Ltd"))"),
            "members": .list([
                [
                    "titles": .list([["title": "actions"]]), "has_values": true,
                    "values": .list([["value": "initiate"], ["value": "cancel"]]),
                ],
                [
                    "titles": .list([["title": "creditor"], ["title": "Account"]]), "has_values": true,
                    "values": .list([["value": "DE02100100109307118603"]]),
                ],
            ]),
        ]
        guard case .list(let groups)? = page.data["requested_access"], groups.count == 3,
            case .object(let files) = groups[1], case .object(let payments) = groups[2],
            case .list(let folders)? = files["scopes"], case .object(let folder)? = folders.first
        else { throw Unexpected("\(page.data)") }
        #expect(payments["resource_server"] == "Payments")
        #expect(
            payments["scopes"]
                == .list([["scope": "payments.read", "is_other": true, "description": "see payments"], pay]))
        // Without a text, every member is in the list.
        #expect(files["resource_server"] == "files.example" && folder["description"] == nil)
        guard case .list(let rows)? = folder["members"] else { throw Unexpected("\(folder)") }
        #expect(
            rows.first
                == ["titles": .list([["title": "path"]]), "values": .list([["value": "/reports"]]), "has_values": true])
        #expect(rows.count == 3)
        guard case .list(let entries)? = page.data["requested"] else { throw Unexpected("\(page.data)") }
        #expect(entries.count == 4)
    }

    @Test("RFC9396-009: the whole value is shown as text, also markup and other placeholders in it")
    func scripts() async throws {
        let name = "<script>alert(1)</script> {creditor.iban} {{form_token}}"
        let browser = Browser(try await DetailsCase.issuer())
        let page = try await DetailsCase.consent(
            browser, DetailsCase.payment.changed(by: ["creditor": ["name": .string(name)]]))
        guard case .list(let groups)? = page.data["requested_access"], case .object(let payments)? = groups.last,
            case .list(let scopes)? = payments["scopes"], case .object(let pay)? = scopes.last,
            case .translated(let texts, _)? = pay["description"]
        else { throw Unexpected("\(page.data)") }
        #expect(texts["en"]?.hasSuffix(" to \(isolated(name))") == true)
    }

    @Test("consent to details is asked for each time, also for the same ones, and after consent to their scopes")
    func eachTime() async throws {
        let issuer = try await DetailsCase.issuer()
        let browser = Browser(issuer)
        _ = try await browser.code(scope: "openid")
        for _ in 0..<2 {
            let page = try await DetailsCase.consent(browser, DetailsCase.payment)
            #expect(page.template == "consent")
            #expect(try await browser.submit(page, [("decision", "allow")]).answer()["code"] != nil)
        }
        let denied = try await DetailsCase.consent(browser, DetailsCase.payment)
        #expect(try await browser.submit(denied, [("decision", "deny")]).answer()["error"] == "access_denied")
        let silent = DetailsCase.parameter(DetailsCase.payment) + [("prompt", "none")]
        let answer = try await browser.get("/authorize", Browser.webRequest(scope: "openid", silent)).answer()
        #expect(answer["error"] == "consent_required")
        #expect(try await browser.get("/authorize", Browser.webRequest(scope: "openid")).answer()["code"] != nil)
    }

    @Test("a client that skips consent gets its details without a page")
    func skipped() async throws {
        let browser = Browser(try await DetailsCase.issuer())
        let request = [
            ("response_type", "code"), ("client_id", "own"), ("redirect_uri", "https://own.example/callback"),
            ("scope", "openid"),
        ]
        _ = try await browser.authorize(request)
        let answer = try await browser.get("/authorize", request + DetailsCase.parameter(DetailsCase.payment)).answer()
        #expect(answer["code"] != nil)
    }

    @Test("what one user consented to is asked of another who has signed in since")
    func otherUser() async throws {
        let issuer = try await DetailsCase.issuer()
        let browser = Browser(issuer)
        let page = try await DetailsCase.consent(browser, DetailsCase.payment)
        let sealer = Sealer(issuer.vault)
        var interaction = try sealer.open(Interaction.self, from: page.text("interaction"), for: .interaction)
        (interaction.consented, interaction.consentsToDetails) = (["openid"], true)
        let link = try sealer.seal(interaction, for: .interaction)
        #expect(try await browser.get("/authorize", [("interaction", link)]).answer()["code"] != nil)
        interaction.askedForConsent = try #require(try await issuer.stores.users.find(named: "bob")).id
        let other = try sealer.seal(interaction, for: .interaction)
        #expect(try await browser.get("/authorize", [("interaction", other)]).page().template == "consent")
    }

    @Test("a request that waits on the consent page ends if its type is no longer registered")
    func unregistered() async throws {
        let issuer = try await DetailsCase.issuer()
        let browser = Browser(issuer)
        let pushed = try await issuer.token(
            Browser.webRequest(scope: "openid", DetailsCase.parameter(DetailsCase.payment)), at: "/par"
        ).json()["request_uri"]?.string
        try await DetailsCase.change(issuer, #"["payment", "folder"]"#, to: #"["folder"]"#)
        let page = try await browser.get("/authorize", [("client_id", "web"), ("request_uri", pushed ?? "")]).page()
        #expect(page.text("code") == "invalid_request_uri")
    }

    @Test("the audit log names the types that a user consented to")
    func audited() async throws {
        let issuer = try await DetailsCase.issuer()
        _ = try await Browser(issuer).code(scope: "openid", DetailsCase.parameter(DetailsCase.payment))
        for event in ["consent_given", "authorization_granted"] {
            let record = try #require(try await issuer.recorded().last { $0.event == event })
            #expect(record.details["authorization_details"] == ["payment"])
        }
    }
}
