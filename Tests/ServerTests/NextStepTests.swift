import Foundation
import HTTPTypes
import Templates
import Testing

@testable import IdentityProvider
@testable import Server

@Suite("Pages that end a flow lead on with one primary button", .timeLimit(.minutes(1)))
struct NextStepTests {
    private static let home = "https://id.example/account"

    private func html(_ page: Page, in language: String = "en") throws -> String {
        var page = page
        page.languages = [language]
        let answer = try PageRenderer(name: "Martlet")
            .render(page, status: .ok, headers: [:], for: nil, name: nil, home: Self.home)
        return String(decoding: answer.body, as: UTF8.self)
    }

    private func texts(_ language: String) throws -> [String: String] {
        let text = try #require(Templates.files["locales/\(language).json"])
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
    }

    /// Returns the `href` of each primary link, and `button` for each primary button of a form.
    private func primaries(_ html: String) -> [String] {
        html.matches(of: #/<a class="button primary" href="([^"]*)"/#).map { String($0.output.1) }
            + html.matches(of: #/<button class="primary"/#).map { _ in "button" }
    }

    @Test("an error page has one primary button: its error's next step, or else the account page")
    func errors() throws {
        #expect(try primaries(html(.error(.interactionLost))) == [Self.home])
        for error in [OAuthError.tooManyRequests(retryAfter: 1), OAuthError(reporting: CancellationError())] {
            // An empty reference reloads the page.
            #expect(try primaries(html(.error(error))) == [""])
        }
        var error = OAuthError.interactionLost
        error.next = NextStep("https://shop.example/?a=1&b=2", .application, name: "<Shop>")
        let html = try html(.error(error))
        #expect(primaries(html) == ["https://shop.example/?a=1&amp;b=2"])
        #expect(html.contains(">Continue to &lt;Shop&gt;</a>"))
    }

    private struct BusyEndpoint: Endpoint {
        let routes = [Route.get(Path("/busy")), .post(Path("/busy"))]
        func respond(to request: Request) async throws -> Response { throw FailingEndpoint.Away() }
        func response(to error: OAuthError) -> Response { .page(.error(error), status: error.status) }
    }

    @Test("a page that failed for the moment can be reloaded; a form that failed leads to the account page")
    func busy() async throws {
        try await TestServer.run([BusyEndpoint()]) { server in
            try await TestClient.run { client in
                let url = "http://127.0.0.1:\(server.port)/busy"
                let page = try await client.get(url, ["Accept": "text/html"])
                #expect(primaries(page.text) == [""])
                let form = try await client.send("POST", url, ["Accept": "text/html"])
                let account = try #require(primaries(form.text).first)
                #expect(account.hasSuffix("/account"))
            }
        }
    }

    @Test("every label has a text in every language", arguments: ["en", "de"], NextStep.Label.allCases)
    func labels(_ language: String, _ label: NextStep.Label) throws {
        let text = try #require(try texts(language)["next_\(label.rawValue)"])
        var page = Page("done", data: ["title": "text.link_lost_title", "lead": "text.link_lost_lead"])
        page.data["next"] = NextStep("/there", label, name: "Web shop").data
        let html = try html(page, in: language)
        #expect(primaries(html) == ["/there"])
        #expect(html.contains(">\(text.replacing("{{name}}", with: "Web shop"))</a>"))
    }

    @Test(
        "every other page that ends a flow has one primary button",
        arguments: [
            ("signed-out", [:], [home]), ("signed-out", ["return_uri": "https://a.example/"], ["https://a.example/"]),
            ("still-signed-in", [:], [home]),
            ("still-signed-in", ["return_uri": "https://a.example/"], ["https://a.example/"]),
            ("done", [:], [home]), ("done", ["continue_uri": "/authorize?x=1"], ["/authorize?x=1"]),
            ("done", ["has_resend": true, "action": "/forgot-password"], ["button"]),
            ("done", ["has_resend": true, "is_sent_again": true, "continue_uri": "/x"], ["button"]),
        ] as [(String, [String: Page.Value], [String])])
    func others(_ template: String, _ data: [String: Page.Value], _ expected: [String]) throws {
        let words: [String: Page.Value] = ["title": "text.email_verified_title", "lead": "text.email_verified_lead"]
        for language in ["en", "de"] {
            let html = try html(Page(template, data: data.merging(words) { own, _ in own }), in: language)
            #expect(primaries(html) == expected)
        }
    }

    @Test("the resend form repeats what was entered as text, never as markup")
    func resend() throws {
        let html = try html(
            Page(
                "done",
                data: [
                    "title": "text.reset_asked_title", "lead": "text.reset_asked_lead", "has_resend": true,
                    "action": "/forgot-password", "resend": .list([["name": "username", "value": "\"><script>"]]),
                ]))
        #expect(html.contains(#"<input type="hidden" name="username" value="&quot;&gt;&lt;script&gt;">"#))
        // The only script is the page script.
        #expect(html.components(separatedBy: "<script").count == 2)
    }
}
