import JOSE
import Testing

@testable import IdentityProvider

@Suite("Defaults for the clients of a resource file, and members for YAML anchors")
struct ClientDefaultsTests {
    private func set(_ json: String) throws -> ResourceSet { try ResourceSet(JSONObject(parsing: Array(json.utf8))) }

    private func problems(_ json: String) throws -> [String] {
        let error = #expect(throws: InvalidResources.self) { try set(json) }
        return (error?.problems ?? []).map { "\($0.member): \($0.reason)" }
    }

    private static let secret = #""client_secret": "0123456789abcdef""#

    @Test("each client takes what it doesn't set itself; null leaves a default out")
    func merged() throws {
        let resources = try set(
            """
            {"defaults": {"scope": "openid email", "consent": "skip", "redirect_uris": ["https://a.example/"]},
             "clients": [{"client_id": "a", \(Self.secret)},
                 {"client_id": "b", \(Self.secret), "scope": "openid", "consent": null,
                  "redirect_uris": ["https://b.example/"]}]}
            """)
        let clients = resources.clients.map(\.client)
        #expect(clients.map(\.scope.text) == ["openid email", "openid"])
        #expect(clients.map(\.skipsConsent) == [true, false])
        #expect(clients.map { $0.redirectURIs.map(\.text) } == [["https://a.example/"], ["https://b.example/"]])
        // Stored as if the client had been written out.
        #expect(clients[0].metadata["defaults"] == nil)
        #expect(clients[1].metadata["consent"] == nil)
    }

    @Test("a mistake in a default is reported once, where it is; others at their client")
    func mistakes() throws {
        #expect(
            try problems(
                """
                {"defaults": {"scop": "openid", "redirect_uris": ["http://a.example/"]},
                 "clients": [{"client_id": "a", \(Self.secret)}, {"client_id": "b", \(Self.secret)},
                     {"client_id": "c", \(Self.secret), "redirect_uris": ["http://c.example/"], "pkce": "no"}]}
                """) == [
                    "defaults.redirect_uris[0]: must be https (http only for loopback hosts)",
                    "defaults.scop: is not a known member; did you mean scope?",
                    "clients[2].redirect_uris[0]: must be https (http only for loopback hosts)",
                    "clients[2].pkce: must be required or optional",
                ])
    }

    @Test(
        "what belongs to one client is not a default",
        arguments: ["client_id", "client_secret", "client_secret_digest", "client_secret_file"])
    func individual(_ member: String) throws {
        let client = #"{"client_id": "a", \#(Self.secret), "grant_types": []}"#
        #expect(
            try problems(#"{"defaults": {"\#(member)": "0123456789abcdef"}, "clients": [\#(client)]}"#) == [
                "defaults.\(member): belongs to one client, not to all"
            ])
    }

    @Test("defaults that are not an object are a mistake", arguments: ["[]", "1", #""scope""#])
    func notAnObject(_ value: String) throws {
        #expect(try problems(#"{"defaults": \#(value)}"#) == ["defaults: must be an object with members of clients"])
    }

    @Test("members for anchors start with x- or a period; any other unknown name is still a mistake")
    func extras() throws {
        let resources = try set(#"{"x-common": {"a": 1}, ".hidden": [1], "users": [{"username": "alice"}]}"#)
        #expect(resources.users.map(\.username) == ["alice"])
        for name in ["xcommon", "X-common", "client", "default", "_x"] {
            let reasons = try problems(#"{"\#(name)": []}"#)
            #expect(reasons.count == 1)
            #expect(reasons.first?.hasPrefix("\(name): is not a kind of resource; ") == true)
        }
    }

    @Test("a secret that form-encoding changes is valid, with a warning that doesn't show it")
    func secretWarning() throws {
        let secret = "5CFNd0OMGyV3uhDA3GPSHwAtvL+/yt1="
        for (method, count) in [("client_secret_basic", 1), ("client_secret_post", 0)] {
            let warnings = try set(
                """
                {"clients": [{"client_id": "a", "client_secret": "\(secret)", "grant_types": [],
                 "token_endpoint_auth_method": "\(method)"}, {"client_id": "b", \(Self.secret), "grant_types": []}]}
                """
            ).warnings().filter { $0.member.hasSuffix(".client_secret") }.map(\.reason)
            #expect(warnings.count == count)
            #expect(warnings.allSatisfy { $0.hasPrefix("client a: its client_secret has characters") })
            #expect(warnings.allSatisfy { $0.contains("openssl rand -hex 32") && !$0.contains(secret) })
        }
    }
}
