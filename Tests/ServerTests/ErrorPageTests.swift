import Foundation
import HTTPTypes
import Templates
import Testing

@testable import IdentityProvider
@testable import Server

@Suite("Error pages say what went wrong in the user's language", .timeLimit(.minutes(1)))
struct ErrorPageTests {
    private func html(_ page: Page, in language: String) throws -> String {
        var page = page
        page.languages = [language]
        let answer = try PageRenderer(name: "Martlet").render(page, status: .ok, headers: [:], for: nil, name: nil)
        return String(decoding: answer.body, as: UTF8.self)
    }

    private func texts(_ language: String) throws -> [String: String] {
        let text = try #require(Templates.files["locales/\(language).json"])
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
    }

    @Test("every reason has a text in every language", arguments: ["en", "de"], OAuthError.Reason.allCases)
    func reasons(_ language: String, _ reason: OAuthError.Reason) throws {
        let text = try #require(try texts(language)["reason_\(reason.rawValue)"])
        #expect(text.hasSuffix("."))
        var error = OAuthError(code: .invalidRequest, description: "for developers", reason: reason)
        error.parameter = "client_id"
        let html = try html(.error(error), in: language)
        let words = text.replacing("{{parameter}}", with: "client_id")
        #expect(html.contains("<dd>\(words) (invalid_request)</dd>"))
        #expect(!html.contains("for developers"))
    }

    @Test(
        "what was sent is shown as text, never as a link or markup, with where to register it", arguments: ["en", "de"])
    func sent(_ language: String) throws {
        for (reason, parameter) in [
            (OAuthError.Reason.clientUnknown, "client_id"), (.redirectURIUnregistered, "redirect_uri"),
            (.returnURIUnregistered, "post_logout_redirect_uri"),
        ] {
            let value = SentText("https://evil.example/<b>\"&")
            let error = OAuthError.invalidRequest(
                "x", reason: reason, cause: Unregistered(parameter, value, "Registered: https://secret.example."))
            let html = try html(.error(error), in: language)
            #expect(
                html.contains("<code>\(parameter)=https://evil.example/&lt;b&gt;&lt;U+22&gt;&amp;</code>"), "\(html)")
            #expect(!html.contains("href=\"https://evil.example") && !html.contains("secret.example"))
            let remedy = try #require(try texts(language)["remedy_\(reason.rawValue)"])
            #expect(html.contains(remedy), "\(html)")
        }
        let other = try html(.error(.invalidRequest("x", reason: .request)), in: language)
        let heading = try #require(try texts(language)["error_sent"])
        #expect(!other.contains(heading))
    }

    @Test("no two reasons or languages share a text")
    func distinct() throws {
        let all = try ["en", "de"].flatMap { language in
            let texts = try texts(language)
            return OAuthError.Reason.allCases.compactMap { texts["reason_\($0.rawValue)"] }
        }
        #expect(Set(all).count == 2 * OAuthError.Reason.allCases.count)
    }

    @Test("an error without a reason gets one from its status")
    func fallback() {
        #expect(OAuthError.invalidRequest("x").shownReason == .request)
        #expect(OAuthError(code: .invalidGrant, description: "x").shownReason == .request)
        #expect(OAuthError.tooManyRequests(retryAfter: 1).shownReason == .tooManyRequests)
        #expect(OAuthError.unavailable(retryAfter: 1).shownReason == .busy)
        #expect(OAuthError(reporting: CancellationError()).shownReason == .server)
    }
}
