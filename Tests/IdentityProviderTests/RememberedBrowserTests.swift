import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("A browser that stands in for the second factor, until its owner says otherwise")
struct RememberedBrowserTests {
    @Test("it is listed, and a stranger again when it is forgotten", arguments: ["forget", "everywhere"])
    func forgotten(_ how: String) async throws {
        let issuer = try await TestIssuer()
        let browser = Browser(issuer)
        func signIn() async throws -> Page {
            issuer.clock.advance(by: 60)
            let page = try await browser.get("/authorize", Browser.webRequest([("prompt", "login")])).page()
            return try await browser.submit(page, [("username", "bob"), ("password", "battery staple")]).page()
        }
        let asked = try await signIn()
        _ = try await browser.submit(asked, [("code", try issuer.code()), ("remember", "yes")])
        #expect(try await signIn().template == "consent")
        let account = try await browser.get("/account").page()
        let bob = try #require(try await issuer.stores.users.find(named: "bob")).id
        let device = try #require(try await issuer.stores.devices.devices(of: bob, at: issuer.clock.now).first)
        guard case .list(let listed)? = account.data["devices"], case .object(let first)? = listed.first else {
            throw Unexpected("no remembered browser is listed")
        }
        #expect(listed.count == 1 && first["id"] == .text(device.id.rawValue))
        let value = how == "forget" ? device.id.rawValue : "yes"
        _ = try await browser.request(
            .post, "/account/sessions", form: [("form_token", account.text("form_token")), (how, value)])
        #expect(try await signIn().template == "second-factor")
    }
}
