import Foundation
import HTTPTypes
import IdentityProvider
import Templates
import Testing

@testable import Server

@Suite("Pages: language, policy and templates", .timeLimit(.minutes(1)))
struct PageTests {
    private func answer(
        _ page: Page = Page("error"), acceptLanguage: String? = nil, name: String? = nil
    ) throws -> Answer {
        try PageRenderer(name: "Martlet")
            .render(page, status: .badRequest, headers: [:], for: acceptLanguage, name: name)
    }

    private func text(_ answer: Answer) -> String { String(decoding: answer.body, as: UTF8.self) }

    @Test(
        "the language is the user's choice, then the browser's, then English (RFC 9110 §12.5.4)",
        arguments: [
            ([], nil, "en"), ([], "de", "de"), ([], "de-AT", "de"), ([], "DE", "de"), ([], "fr", "en"),
            ([], "fr, de;q=0.1", "de"), ([], "en;q=0.5, de;q=0.8", "de"), ([], "de;q=0.5, en;q=0.5", "de"),
            ([], "de;q=0", "en"), ([], "*", "en"), ([], "*, de", "en"), ([], "de;q=nan", "en"), ([], "de;q=7", "en"),
            ([], ",;;q=,-,--", "en"), (["de"], "en", "de"), (["fr", "de-CH"], "en", "de"), (["fr"], "de", "de"),
        ] as [([String], String?, String)])
    func language(_ wishes: [String], _ acceptLanguage: String?, expected: String) throws {
        let answer = try answer(Page("error", languages: wishes), acceptLanguage: acceptLanguage)
        #expect(answer.headers[.contentLanguage] == expected)
        #expect(answer.headers[.vary] == "Accept-Language")
        #expect(text(answer).contains("<html lang=\"\(expected)\""))
    }

    @Test(
        "a language matches its region if only the region is available (RFC 4647 §3.3.1)",
        arguments: [
            ("pt", "pt-BR"), ("pt-br", "pt-BR"), ("pt-PT", nil), ("p", nil), ("en-GB-oed", "en"),
        ])
    func regions(_ wish: String, expected: String?) {
        #expect(LanguageRange.choose(from: ["en", "pt-BR"], [wish]) == expected)
    }

    @Test(
        "data is rendered as text, never as markup or a template",
        arguments: [
            "<script>alert(1)</script>", "\" onload=\"x", "{{style}}", "</style><script>",
        ])
    func escaping(_ data: String) throws {
        let html = text(try answer(Page("sign-in", data: ["username": .text("seen: " + data)]), name: data))
        // The page script is the only one.
        #expect(html.components(separatedBy: "<script").count == 2)
        #expect(!html.contains("\" onload"))
        #expect(html.contains("seen: "))
        #expect(html.components(separatedBy: "<style>").count == 2)
    }

    @Test("OIDC-Registration-010: the pages of a sign-in show the client's logo, privacy policy and terms")
    func client() throws {
        let client: [String: Page.Value] = [
            "name": .text("Shop"), "logo_uri": .text("https://shop.example/logo.png"),
            "policy_uri": .text("https://shop.example/privacy"), "tos_uri": .text("https://shop.example/terms"),
        ]
        for name in ["sign-in", "consent"] {
            let html = text(try answer(Page(name, data: ["client": .object(client)])))
            #expect(html.contains("<img class=\"logo\" src=\"https://shop.example/logo.png\""))
            #expect(html.contains("<a href=\"https://shop.example/privacy\" rel=\"noreferrer\">"))
            #expect(html.contains("<a href=\"https://shop.example/terms\" rel=\"noreferrer\">"))
        }
    }

    @Test("a page may run the scripts that it lists, and none that would widen its policy")
    func scripts() throws {
        var page = Page("error")
        page.scriptSources = ["https://id.example/passkey.js", "https://x; script-src *", "'unsafe-inline'"]
        let policy = try #require(try answer(page).headers[.contentSecurityPolicy])
        #expect(policy.hasPrefix("default-src 'none'; script-src https://id.example/passkey.js; style-src 'sha256-"))
    }

    @Test("the policy allows one style, and only the forms that the page lists")
    func policy() throws {
        let page = Page(
            "error", formTargets: ["https://app.example", "com.example.app:"],
            imageSources: ["https://cdn.example/logo.png?size=1"])
        let policy = try #require(try answer(page).headers[.contentSecurityPolicy])
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(policy.contains("; form-action 'self' https://app.example com.example.app:;"))
        #expect(policy.contains("; img-src 'self' data: https://cdn.example/logo.png;"))
        #expect(policy.hasSuffix("; frame-ancestors 'none'; base-uri 'none'"))
        #expect(!policy.contains("unsafe"))
    }

    @Test(
        "a source can't end its directive and start another",
        arguments: [
            "https://a.example; script-src *", "https://a.example script-src", "https://a.example,x", "'unsafe-inline'",
            "*",
            "https://*.example", "", "https://ä.example", "https://a.example\r\nSet-Cookie: a=b",
        ])
    func hostileSource(_ source: String) throws {
        let page = Page("error", formTargets: [source], imageSources: [source])
        let policy = try answer(page).headers[.contentSecurityPolicy]
        #expect(policy == (try answer().headers[.contentSecurityPolicy]))
    }

    @Test("a page may load the frames that it lists, each confined, and other pages none")
    func frames() throws {
        let uri = "https://a.example/logout?a=1&copy=\"><script>"
        for name in ["signing-out", "signed-out", "done"] {
            var page = Page(name, data: ["frames": .list([["uri": .text(uri), "start": "<meta a=\"&amp;\">"]])])
            page.frameSources = ["https://a.example/logout?a", "https://b.example; script-src *", "*"]
            let answer = try answer(page)
            let policy = try #require(answer.headers[.contentSecurityPolicy])
            #expect(policy.contains("; frame-src https://a.example/logout; style-src"), "\(name)")
            #expect(policy.contains("frame-ancestors 'none'"))
            let frame = try #require(text(answer).firstMatch(of: /<iframe [^>]*>/)).0
            #expect(frame.contains("src=\"https://a.example/logout?a=1&amp;copy=&quot;&gt;&lt;script&gt;\""))
            #expect(frame.contains("srcdoc=\"&lt;meta a=&quot;&amp;amp;&quot;&gt;\""))
            #expect(frame.contains("sandbox=\"allow-forms allow-same-origin allow-scripts\""))
            #expect(frame.contains("referrerpolicy=\"no-referrer\"") && frame.contains("<iframe hidden "))
        }
        #expect(try !answer(Page("signing-out")).headers[.contentSecurityPolicy]!.contains("frame-src"))
    }

    @Test("the hash in the policy matches the style in the page")
    func styleHash() throws {
        let answer = try answer()
        let html = text(answer)
        let start = try #require(html.range(of: "<style>")).upperBound
        let end = try #require(html.range(of: "</style>")).lowerBound
        let hash = PagePolicy(style: String(html[start..<end]), script: "").field(for: Page("error"))
        #expect(answer.headers[.contentSecurityPolicy] == hash)
    }

    @Test("only the form_post page may run its one inline line, and its fields are text")
    func script() throws {
        var page = Page(
            "form-post",
            data: ["fields": .list([["name": "state", "value": "\"><script>alert(1)</script>'&"]])],
            formTargets: ["https://app.example"])
        page.submitsItself = true
        let answer = try answer(page)
        let html = text(answer)
        let script = try #require(Templates.files["submit.js"])
        let style = try #require(Templates.files["style.css"])
        #expect(html.contains("<script>\(script)</script>"))
        #expect(html.components(separatedBy: "<script").count == 2)
        #expect(html.contains("value=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;\""))
        let policy = try #require(answer.headers[.contentSecurityPolicy])
        #expect(policy == PagePolicy(style: style, script: script).field(for: page))
        #expect(policy.contains("; script-src 'sha256-"))
        #expect(try !self.answer().headers[.contentSecurityPolicy]!.contains("script-src"))
    }

    @Test("a page may run the page script only if its template contains it, including operators' templates")
    func pageScript() throws {
        let script = try #require(Templates.files["page.js"])
        let style = try #require(Templates.files["style.css"])
        let policy = PagePolicy(style: style, script: "", pageScript: script)
        for (page, runs) in [("sign-in", true), ("account", true), ("consent", false), ("error", false)] {
            let answer = try answer(Page(page))
            #expect(text(answer).contains("<script>\(script)</script>") == runs, "\(page)")
            let expected = policy.field(for: Page(page), runsPageScript: runs)
            #expect(answer.headers[.contentSecurityPolicy] == expected, "\(page)")
            #expect(expected.contains("script-src") == runs)
        }
        let own = try PageRenderer(name: "Martlet", overrides: ["error.mustache": "<script>{{{page_script}}}</script>"])
            .render(Page("error"), status: .ok, headers: [:], for: nil, name: nil)
        #expect(text(own) == "<script>\(script)</script>")
        #expect(own.headers[.contentSecurityPolicy] == policy.field(for: Page("error"), runsPageScript: true))
    }

    @Test("an issuer's pages show its own name")
    func names() throws {
        #expect(text(try answer(name: "Front Door")).contains("Front Door"))
        #expect(text(try answer()).contains("Martlet"))
    }

    @Test("the consent page describes each scope and its resource server in either language")
    func consent() throws {
        let orders: Page.Value = [
            "resource_server": .translated(["de": "Bestellungen & mehr"], otherwise: "Orders & more"),
            "resource_description": "What you bought",
            "scopes": .list([
                [
                    "scope": "orders", "is_other": true,
                    "description": .translated(
                        ["de-AT": "<bestellen>", "fr": "commander"], otherwise: "place <orders>"),
                ]
            ]),
        ]
        let reports: Page.Value = [
            "resource_server": "reports.example", "scopes": .list([["scope": "reports", "is_other": true]]),
        ]
        let own: Page.Value = ["scopes": .list([["scope": "openid", "is_openid": true]])]
        for (language, server, description) in [
            ("en", "Orders &amp; more", "place &lt;orders&gt;"), ("de", "Bestellungen &amp; mehr", "&lt;bestellen&gt;"),
        ] {
            for list in ["requested_access", "granted_access"] {
                let data: [String: Page.Value] = [list: .list([own, orders, reports]), "has_granted": true]
                let html = text(try answer(Page("consent", data: data, languages: [language])))
                #expect(html.contains(">\(server) <small>What you bought</small></h3>"))
                #expect(html.contains("<span>\(description)</span>"))
                #expect(html.components(separatedBy: "<h3").count == 3)
                #expect(html.contains("<span>\(language == "en" ? "Use reports" : "reports verwenden")</span>"))
                #expect(!html.contains("Use orders") && !html.contains("orders verwenden"))
            }
        }
    }

    @Test("RFC9396-009: the consent page shows the members of authorization details as text, never as markup")
    func details() throws {
        func row(_ titles: [String], _ values: Page.Value...) -> Page.Value {
            [
                "titles": .list(titles.map { ["title": .text($0)] }), "values": .list(values),
                "has_values": .flag(!values.isEmpty),
            ]
        }
        let payment: Page.Value = [
            "scope": "payment", "is_other": true, "has_members": true,
            "description": "Pay \u{2068}1<script>\u{2069} {{form_token}}",
            "members": .list([
                row(["creditor", "name"], ["value": "<img src=x onerror=alert(1)>"], ["value": "second"]),
                row(["isShared"], ["is_yes": true]), row(["isOpen"], ["is_no": true]), row(["access"]),
            ]),
        ]
        let data: [String: Page.Value] = [
            "form_token": "the-token",
            "requested_access": .list([["resource_server": "Payments", "scopes": .list([payment])]]),
        ]
        for (language, yes, no) in [("en", "Yes", "No"), ("de", "Ja", "Nein")] {
            let html = text(try answer(Page("consent", data: data, languages: [language])))
            #expect(html.contains("<span>Pay \u{2068}1&lt;script&gt;\u{2069} {{form_token}}</span>"))
            #expect(html.contains("<dt><span>creditor</span><span>name</span></dt>"))
            #expect(html.contains("<bdi>&lt;img src=x onerror=alert(1)&gt;</bdi><bdi>second</bdi>"))
            #expect(html.contains("<bdi>\(yes)</bdi>") && html.contains("<bdi>\(no)</bdi>"))
            #expect(html.contains("<dd>–</dd>"))
        }
    }

    @Test("operators' own templates still get the flat list of scopes with their servers")
    func formerConsent() throws {
        let template = "<h1>{{#requested}}{{>scope}}{{/requested}}</h1>"
        let renderer = try PageRenderer(name: "Martlet", overrides: ["consent.mustache": template])
        let scope: Page.Value = [
            "scope": "orders", "is_other": true, "description": "place orders", "server": "Orders",
            "server_description": "What you bought",
        ]
        let page = Page("consent", data: ["requested": .list([scope])])
        let answer = renderer.render(page, status: .ok, headers: [:], for: nil, name: nil)
        #expect(text(answer).contains("<span>place orders <small>Orders · What you bought</small></span>"))
    }

    @Test("every page renders in every language, with a title and all texts")
    func allPages() throws {
        for file in Templates.files.keys where file.hasSuffix(".mustache") {
            let parts = [
                "layout.mustache", "emblem.mustache", "next.mustache", "reveal.mustache", "scope.mustache",
                "scope-text.mustache", "totp-setup.mustache", "upstream-icon.mustache", "linking.mustache",
                "logout-frames.mustache",
            ]
            guard !parts.contains(file), !file.contains("/")
            else { continue }
            for language in ["en", "de"] {
                let data: [String: Page.Value] = ["title": "text.not_me_title", "lead": "text.not_me_lead"]
                let page = Page(String(file.dropLast(".mustache".count)), data: data, languages: [language])
                let answer = try answer(page)
                #expect(answer.status == .badRequest, "\(file)")
                let html = text(answer)
                #expect(html.contains("<h1"), "\(file)")
                #expect(!html.contains("<h1></h1>") && !html.contains("<title></title>"), "\(file)")
                #expect(!html.contains("{{"), "\(file)")
            }
        }
    }

    @Test("a page without a template is a server error, not an empty page")
    func unknownPage() throws {
        #expect(try answer(Page("no-such-page")).status == .internalServerError)
    }

    @Test("all locales have the same texts")
    func locales() throws {
        let names = try ["en", "de"].map { language in
            let text = try #require(Templates.files["locales/\(language).json"])
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String]
            return Set(try #require(object).keys)
        }
        #expect(names[0] == names[1])
    }

    @Test("over a socket: a page is HTML and not cached")
    func overSocket() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let answer = try await client.get(
                    "http://127.0.0.1:\(server.port)/page?ui_locales=fr+de", ["Accept-Language": "en"])
                #expect(answer.status == 200)
                #expect(answer.fields["content-type"] == "text/html; charset=utf-8")
                #expect(answer.fields["content-language"] == "de")
                #expect(answer.fields["cache-control"] == "no-store")
                #expect(answer.text.contains("Die Anfrage ist ungültig. (invalid_request)"))
                let refused = try await client.get("http://127.0.0.1:\(server.port)/page?fail=1")
                #expect(refused.status == 400)
                #expect(refused.text.contains("The request is invalid. (invalid_request)"))
                #expect(!refused.text.contains("told to"))
                // Absolute, because a proxy may show the page at another origin.
                #expect(refused.text.contains("href=\"http://localhost:8080/account\""))
            }
        }
    }
}
