import Foundation
import HTTPTypes
import Templates
import Testing

@testable import IdentityProvider
@testable import Server

@Suite("The sign-in page says what happened at an upstream, and offers all of them", .timeLimit(.minutes(1)))
struct UpstreamTextTests {
    private func html(_ page: Page, in language: String = "en") throws -> String {
        var page = page
        page.languages = [language]
        let answer = try PageRenderer(name: "Martlet").render(page, status: .ok, headers: [:], for: nil, name: nil)
        return String(decoding: answer.body, as: UTF8.self)
    }

    @Test(
        "every failure has a text of its own in every language, with the upstream's name as text",
        arguments: ["en", "de"])
    func failures(_ language: String) throws {
        var seen: Set<String> = []
        for reason in UpstreamFailure.Reason.allCases {
            let page = Page(
                "sign-in",
                data: ["problem": ["text": .text("text.upstream_\(reason.rawValue)"), "name": "<b>Acme</b>"]])
            let html = try html(page, in: language)
            let alert = try #require(html.firstMatch(of: #/<div class="alert" role="alert">([^\n]*)</div>/#)?.1)
            #expect(alert.contains("&lt;b&gt;Acme&lt;/b&gt;") && alert.hasSuffix("."), "\(reason)")
            #expect(seen.insert(String(alert)).inserted)
            // The password still works.
            #expect(html.contains(#"name="password""#))
        }
        let gone = try html(Page("sign-in", data: ["problem": ["text": "text.upstream_gone"]]), in: language)
        #expect(gone.contains(#"<div class="alert" role="alert">"#) && !gone.contains("text.upstream"))
    }

    @Test(
        "the page of linked accounts has its own texts, which don't tell a signed-in user to sign in another way",
        arguments: [("en", "another way"), ("de", "andere Weise")])
    func linkedAccounts(_ language: String, _ advice: String) throws {
        var problems: [[String: Page.Value]] = ["last", "gone", "full", "expired", "unavailable"].map { [$0: true] }
        for reason in UpstreamFailure.Reason.allCases where ![.unlinked, .tooLong].contains(reason) {
            problems.append(["text": .text("text.linked_accounts_problem_\(reason.rawValue)"), "name": "<b>Acme</b>"])
        }
        var seen: Set<String> = []
        for problem in problems {
            let html = try html(Page("linked-accounts", data: ["error": .object(problem)]), in: language)
            let alert = try #require(html.firstMatch(of: #/<div class="alert" role="alert">([^\n]*)</div>/#)?.1)
            #expect(alert.hasSuffix(".") && !alert.contains(advice), "\(problem)")
            #expect(problem["name"] == nil || alert.contains("&lt;b&gt;Acme&lt;/b&gt;"), "\(problem)")
            #expect(seen.insert(String(alert)).inserted)
        }
    }

    @Test("only someone with a verified address is told that it may be their username", arguments: ["en", "de"])
    func username(_ language: String) throws {
        for hasEmail in [true, false] {
            let page = Page("upstream-account", data: ["offer": ["has_email": .flag(hasEmail)]])
            #expect(try html(page, in: language).contains(language == "en" ? "email" : "E-Mail") == hasEmail)
        }
    }

    @Test("every preset has an icon of its own; other upstreams have a logo or their initial")
    func icons() throws {
        func icon(_ data: [String: Page.Value]) throws -> String {
            let item: [String: Page.Value] = ["name": "Acme", "href": "/x", "initial": "A"]
            let page = Page(
                "sign-in", data: ["upstreams": ["choices": .list([.object(item.merging(data) { $1 })])]])
            let html = try html(page)
            #expect(html.contains("Continue with Acme</span></a>"))
            return String(
                try #require(html.firstMatch(of: #/(?s)<span class="icon"[^>]*>(.*?)</span>\s*<span>/#))
                    .0)
        }
        var seen: Set<String> = []
        for preset in UpstreamPreset.allCases {
            let icon = try icon(["icon": .object([preset.rawValue: true])])
            #expect(icon.contains("<path") && seen.insert(icon).inserted, "\(preset)")
        }
        #expect(try icon([:]).contains("<span>A"))
        #expect(try icon(["logo_uri": "https://cdn.example/a.png"]).contains(#"<img src="https://cdn.example/a.png""#))
    }

    @Test(
        "the last one used is marked, in every language", arguments: [("en", "Last used"), ("de", "Zuletzt verwendet")])
    func last(_ language: String, _ words: String) throws {
        let choices: [Page.Value] = [
            ["name": "Acme", "href": "/a", "is_last": true], ["name": "Bcme", "href": "/b", "is_last": false],
        ]
        let html = try html(Page("sign-in", data: ["upstreams": ["choices": .list(choices)]]), in: language)
        #expect(html.components(separatedBy: words).count == 2)
    }

    @Test("fields are asked for as password managers expect them: in one step, and in two")
    func fields() throws {
        let whole = try html(Page("sign-in"))
        #expect(
            whole.contains(#"autocomplete="username webauthn""#) && whole.contains(#"autocomplete="current-password""#))
        let first = try html(Page("sign-in", data: ["asks_username_only": true]))
        #expect(first.contains(#"autocomplete="username webauthn""#) && !first.contains(#"name="password""#))
        #expect(first.contains(">Continue</button>"))
        let second = try html(
            Page("sign-in", data: ["username": "alice", "other_account_uri": "/sign-in?account=other"]))
        #expect(second.contains(#"value="alice" autocomplete="username webauthn""#) && second.contains(" readonly"))
        #expect(second.contains(#"autocomplete="current-password" required autofocus"#))
        #expect(second.contains(#"href="/sign-in?account=other">Use another account</a>"#))
    }

    @Test("the page on the way to an upstream has one primary link, and one to other ways", arguments: ["en", "de"])
    func redirect(_ language: String) throws {
        let page = Page(
            "upstream-redirect",
            data: ["upstream": ["name": "Acme"], "continue_uri": "/sign-in/upstream?x", "other_ways_uri": "/sign-in?y"])
        let html = try html(page, in: language)
        #expect(html.components(separatedBy: "class=\"button primary\"").count == 2)
        #expect(html.contains("href=\"/sign-in/upstream?x\"") && html.contains("href=\"/sign-in?y\""))
        #expect(html.contains("Acme</h1>") && !html.contains("<form"))
    }
}
