import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("The first-party API: login with an upstream")
struct UpstreamLoginTests {
    private static let resources = """
        {"users": [{"username": "alice", "password": "correct horse"}],
         "upstreams": [\(UpstreamWays.all.joined(separator: ", "))],
         "clients": [
            {"client_id": "app", "token_endpoint_auth_method": "none", "first_party": true, "consent": "skip",
             "grant_types": ["authorization_code"], "redirect_uris": ["com.example.app:/callback"],
             "scope": "openid profile", "upstreams": ["github"]},
            {"client_id": "spa", "token_endpoint_auth_method": "none", "redirect_uris": ["https://spa.example/"]}]}
        """
    private static let challenge = Proof().challenge

    private static func members(_ changes: [String: String?] = [:]) -> String {
        var members: [String: String?] = [
            "upstream": "github", "client_id": "app", "redirect_uri": "com.example.app:/callback", "state": "s & t",
            "code_challenge": challenge, "code_challenge_method": "S256", "scope": "openid profile",
        ]
        members.merge(changes) { $1 }
        return members.sorted { $0.key < $1.key }.compactMap { name, value in value.map { #""\#(name)":"\#($0)""# } }
            .joined(separator: ",")
    }

    @Test("the answer is the URL of an authorization request, which leads to the upstream and back to the front end")
    func way() async throws {
        let issuer = try await TestIssuer(resources: Self.resources, fetcher: CannedGitHub())
        try await issuer.link("alice", to: "github", subject: "7")
        let answer = try await FrontEnd(issuer).post("login", Self.members())
        #expect(answer.status == .ok)
        let document = try answer.json()
        #expect(document.names.sorted() == ["authorization_uri", "upstream"])
        #expect(document["upstream"] == "github")
        let uri = try #require(document["authorization_uri"]?.string)
        #expect(uri.hasPrefix("https://id.example.com/authorize?response_type=code&client_id=app&"))

        let browser = Browser(issuer)
        let page = try await browser.click(String(uri.dropFirst("https://id.example.com".count))).page()
        #expect(page.template == "upstream-redirect")
        let state = try await browser.click(page.text("continue_uri")).answer().required("state")
        let done = try await browser.get("/upstream/github/callback", [("code", "c"), ("state", state)])
        #expect(done.headers[.location]?.hasPrefix("com.example.app:/callback?") == true)
        #expect(try done.answer()["state"] == "s & t")
        #expect(try done.answer()["code"] != nil)
    }

    @Test(
        "what /authorize or the client's list would refuse is refused at once",
        arguments: [
            (["upstream": "acme"], "invalid_request"), (["upstream": "off"], "invalid_request"),
            (["upstream": "<b>"], "invalid_request"), (["client_id": "nobody"], "invalid_client"),
            (["client_id": "spa"], "invalid_client"), (["client_id": nil], "invalid_request"),
            (["redirect_uri": "https://evil.example/"], "invalid_request"), (["redirect_uri": nil], "invalid_request"),
            (["code_challenge": nil, "code_challenge_method": nil], "invalid_request"),
            (["code_challenge_method": "plain"], "invalid_request"), (["scope": "orders"], "invalid_request"),
            (["password": "correct horse"], "invalid_request"), (["username": "alice"], "invalid_request"),
            (["transport": "cookie"], "invalid_request"), (["response_type": "token"], "invalid_request"),
            (["idp_hint": "acme"], "invalid_request"),
        ] as [([String: String?], String)])
    func refused(_ changes: [String: String?], problem: String) async throws {
        let front = FrontEnd(try await TestIssuer(resources: Self.resources))
        let answer = try await front.post("login", Self.members(changes))
        #expect(answer.status == .badRequest)
        #expect(answer.problem == problem)
        #expect(try answer.json()["detail"]?.string?.contains("<b>") == false)
    }
}
