import IdentityProvider
import JOSE
import Testing

@Suite("Warnings about upstreams in resource files")
struct UpstreamWarningTests {
    private func warnings(_ document: String) throws -> [String] {
        try ResourceSet(JSONObject(parsing: Array(document.utf8))).warnings().map { "\($0.member): \($0.reason)" }
    }

    @Test("names that don't exist, and a domain that two upstreams claim, but not http that private_network allows")
    func all() throws {
        let document = """
            {"roles": [{"name": "editor"}], "groups": [{"name": "press"}], "attributes": [{"name": "team"}],
             "upstreams": [
                {"preset": "google", "client_id": "c", "client_secret": "s", "domains": ["a.example", "b.example"]},
                {"id": "idp", "issuer": "http://localhost:9000", "client_id": "c", "client_secret": "s",
                 "private_network": true, "domains": ["b.example"], "attributes": {"team": "t", "teem": "t"},
                 "memberships": [{"claim": "g", "value": "v", "roles": ["editor"], "groups": ["press"]},
                                 {"claim": "g", "value": "w", "roles": ["edtior"], "groups": ["nobody"]}]}],
             "clients": [
                {"client_id": "a", "grant_types": [], "token_endpoint_auth_method": "none",
                 "upstreams": ["google", "gogle", "github", "idp"]}]}
            """
        #expect(
            try warnings(document) == [
                "clients[0].upstreams: upstream github: no such upstream exists, so nobody can sign in with it",
                "clients[0].upstreams: upstream gogle: did you mean google?",
                "upstreams[1].memberships[1].roles: role edtior: did you mean editor?",
                "upstreams[1].memberships[1].groups: group nobody: no such group exists, so nothing is granted",
                "upstreams[1].attributes: attribute teem: did you mean team?",
                "upstreams[1].domains: b.example is also a domain of upstream google; only one of them gets its users",
            ])
    }

    @Test(
        "new users of an upstream that can't prove when they signed in need another way, or an assumption",
        arguments: [
            (#""preset": "google", "sign_up": "ask""#, "Google"),
            (#""preset": "google", "sign_up": "create", "name": "Work""#, "Work"),
            (#""preset": "github", "sign_up": "create""#, "GitHub"), (#"\#(oauth), "sign_up": "ask""#, "forge"),
            (#""preset": "google""#, nil), (#""preset": "github", "sign_up": "off""#, nil), (oauth, nil),
            (#""preset": "google", "sign_up": "ask", "assurance": {"reauthentication": "assumed"}"#, nil),
            (#"\#(oauth), "sign_up": "create", "assurance": {"reauthentication": "assumed"}"#, nil),
            (#""preset": "gitlab", "sign_up": "create""#, nil),
            (#""id": "idp", "issuer": "https://idp.example", "sign_up": "create""#, nil),
        ] as [(String, String?)])
    func unknownTime(_ members: String, _ name: String?) throws {
        let expected = name.map { name in
            "upstreams[0].sign_up: users who sign in only with \(name) can't reach pages that ask for a recent sign-in; add assurance: {reauthentication: assumed} to trust that \(name) asks them, or let them set a password by email"
        }
        let document = #"{"upstreams": [{\#(members), "client_id": "c", "client_secret": "s"}]}"#
        #expect(try warnings(document) == [expected].compactMap(\.self))
    }

    private static let oauth = #"""
        "id": "forge", "authorization_endpoint": "https://f.example/authorize", "token_endpoint": "https://f.example/token",
        "userinfo_endpoint": "https://f.example/me", "claims": {"sub": "id"}
        """#

    @Test("an upstream with a mistake is still known to clients")
    func mistaken() throws {
        let document = """
            {"upstreams": [{"preset": "google"}],
             "clients": [{"client_id": "a", "grant_types": [], "token_endpoint_auth_method": "none",
                          "upstreams": ["google"]}]}
            """
        let error = #expect(throws: InvalidResources.self) {
            try ResourceSet(JSONObject(parsing: Array(document.utf8)))
        }
        #expect(error?.rest.warnings().isEmpty == true)
        #expect(error?.problems.contains { $0.member == "upstreams[0].client_id" } == true)
    }

    @Test("the list of a client must be a list")
    func list() throws {
        let document = """
            {"clients": [{"client_id": "a", "grant_types": [], "token_endpoint_auth_method": "none",
                          "upstreams": "google"}]}
            """
        let error = #expect(throws: InvalidResources.self) {
            try ResourceSet(JSONObject(parsing: Array(document.utf8)))
        }
        #expect(error?.problems.map(\.member) == ["clients[0].upstreams"])
    }
}
