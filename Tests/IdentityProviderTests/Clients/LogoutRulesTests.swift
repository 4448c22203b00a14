import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("How clients register to be told of ended sessions")
struct LogoutRulesTests {
    private func client(_ members: JSONObject) throws -> Client {
        var document: JSONObject = ["client_id": "shop", "redirect_uris": ["https://shop.example/callback"]]
        document.merge(members)
        return try Client(document)
    }

    @Test(
        "OIDC-Back-Channel-Logout-002: backchannel_logout_uri is an absolute https URL without a fragment",
        arguments: [
            "/logout", "shop.example/logout", "https://shop.example/logout#x", "http://shop.example/logout",
            "javascript:alert(1)", "com.example.app:/logout", "https://user@shop.example/", "https:///logout", "",
            "https://*.shop.example/", "https://shop.example/\u{e4}",
        ])
    func invalid(_ uri: String) throws {
        let error = #expect(throws: InvalidDocument.self) { try client(["backchannel_logout_uri": .string(uri)]) }
        #expect(error?.problems.map(\.member) == ["backchannel_logout_uri"])
    }

    @Test(
        "OIDC-Back-Channel-Logout-002: a query is retained, and a port and loopback are allowed",
        arguments: ["https://shop.example/logout?tenant=1", "https://shop.example:8443/", "http://127.0.0.1:9000/out"])
    func valid(_ uri: String) throws {
        let rules = try client(["backchannel_logout_uri": .string(uri), "backchannel_logout_session_required": true])
            .logoutRules
        #expect(rules.backChannelURI == uri)
        #expect(rules.interest == LogoutInterest(isNotified: true))
    }

    @Test(
        "members that need a URI say so",
        arguments: [
            ("backchannel_logout_session_required", "requires backchannel_logout_uri"),
            ("backchannel_logout_on_expiry", "requires backchannel_logout_uri"),
            ("frontchannel_logout_session_required", "requires frontchannel_logout_uri"),
        ])
    func alone(_ member: String, _ reason: String) throws {
        #expect(try client([member: false]).logoutRules.interest == nil)
        let error = #expect(throws: InvalidDocument.self) { try client([member: true]) }
        #expect(error?.problems.map(\.member) == [member])
        #expect(error?.problems.first?.reason == reason)
    }
}
