import IdentityProvider
import JOSE
import Testing

@Suite("Warnings about upstreams in resource files")
struct UpstreamWarningTests {
    private func warnings(_ document: String) throws -> [String] {
        try ResourceSet(JSONObject(parsing: Array(document.utf8))).warnings().map { "\($0.member): \($0.reason)" }
    }

    @Test("names that don't exist, http, and a domain that two upstreams claim")
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
                "upstreams[1].issuer: http is not encrypted; use https for everything but a test on this machine",
                "upstreams[1].domains: b.example is also a domain of upstream google; only one of them gets its users",
            ])
    }

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
