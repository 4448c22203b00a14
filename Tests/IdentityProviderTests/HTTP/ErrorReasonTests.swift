import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Error reasons for users, English descriptions for clients")
struct ErrorReasonTests {
    @Test(
        "an error page shows the reason of its error",
        arguments: [
            ("/authorize", [:], "parameter_missing"), ("/authorize", ["client_id": "nobody"], "client_unknown"),
            ("/authorize", ["client_id": "off"], "client_unknown"),
            ("/authorize", ["client_id": "web"], "parameter_missing"),
            ("/authorize", ["client_id": "web", "redirect_uri": "https://x.example/"], "redirect_uri_unregistered"),
            ("/authorize", ["interaction": "x"], "sign_in_lost"), ("/sign-in", ["interaction": "x"], "sign_in_lost"),
            ("/logout", ["request": "x"], "sign_in_lost"), ("/logout", ["id_token_hint": "x"], "hint_invalid"),
            ("/logout", ["client_id": "nobody"], "client_unknown"),
            ("/logout", ["post_logout_redirect_uri": "https://x.example/"], "return_uri_unregistered"),
            (
                "/logout", ["client_id": "web", "post_logout_redirect_uri": "https://x.example/"],
                "return_uri_unregistered"
            ),
            ("/api/auth/forward/sign-in", [:], "parameter_missing"),
            ("/api/auth/forward/sign-in", ["request": "x"], "sign_in_lost"),
        ] as [(String, [String: String], String)])
    func reasons(_ path: String, _ parameters: [String: String], _ reason: String) async throws {
        let browser = Browser(try await TestIssuer())
        let page = try await browser.get(path, parameters.map { ($0.key, $0.value) }).page()
        #expect(page.template == "error")
        #expect(page.text("reason") == "text.reason_\(reason)")
        #expect((page.text("parameter") != "") == (reason == "parameter_missing"))
    }

    @Test("clients get English descriptions, whatever the user's language (RFC 6749 §4.1.2.1)")
    func clientsReadEnglish() async throws {
        let request = Browser.webRequest([("prompt", "none"), ("ui_locales", "de")])
        let response = try await Browser(try await TestIssuer())
            .request(
                .get, "/authorize", query: FormEncoding.encode(request.map { (name: $0.0, value: $0.1) }),
                headers: [.acceptLanguage: "de"])
        let description = try response.answer().required("error_description")
        #expect(description.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
        #expect(description.hasPrefix("the "))
    }
}
