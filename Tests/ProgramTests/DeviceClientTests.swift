import Foundation
import TestSupport
import Testing

@Suite("Real clients of the device grant, unmodified", .serialized, .timeLimit(.minutes(5)))
struct DeviceClientTests {
    private static let secret = "p+s/w%41d=one-two:three"
    private static let resources = """
        x-common: &common
          grant_types: ["urn:ietf:params:oauth:grant-type:device_code", refresh_token]
          scope: openid profile email offline_access
        clients:
          - {<<: *common, client_id: library, client_secret: "\(secret)"}
        users:
          - {username: alice, password: correct horse battery, name: Alice Liddell, email: alice@example.com}
        """

    private func server(_ folder: Folder) async throws -> RunningServer {
        try folder.write("resources.yaml", Self.resources)
        return try await RunningServer(["--apply", "resources.yaml"], in: folder.url)
    }

    /// Alice opens the address that the device shows, compares the codes, and approves.
    private func approve(_ address: String, _ server: RunningServer) async throws {
        guard address.hasPrefix("\(server.issuer)/device?user_code=") else {
            throw Unexpected("the client shows \(address)")
        }
        let browser = WebClient(origin: server.issuer)
        let signIn = try await browser.follow(browser.get(String(address.dropFirst(server.issuer.count)))).form
        let user = [("username", "alice"), ("password", "correct horse battery")]
        let code = try await browser.follow(browser.post(signIn.action, signIn.fields + user)).form
        let typed = [("user_code", String(address.suffix(9)))]
        let approval = try await browser.follow(browser.post(code.action, code.fields + typed)).form
        let answer = try await browser.post(approval.action, approval.fields + [("decision", "allow")])
        guard answer.status == 200 else { throw Unexpected("not approved: \(answer.body)") }
    }

    @Test("Authlib polls, gets tokens once alice has approved, and refreshes")
    func authlib() async throws {
        let folder = try Folder()
        let server = try await server(folder)
        let client = try ClientProgram("authlib-device-client.py", [server.issuer, "library", Self.secret, "-"])
        try await approve(try #require(try await client.lines(1).first), server)
        let report = try json(#require(try await client.lines(2).last))
        #expect((report["errors"] as? [String])?.first == "authorization_pending")
        #expect((report["userinfo"] as? [String: Any])?["name"] as? String == "Alice Liddell", "\(report)")
        #expect((report["refreshed"] as? [String: Any])?["access_token"] is String)
        try await server.stop()
    }

    @Test("oidc-agent shows the code, gets tokens once alice has approved, and refreshes")
    func oidcAgent() async throws {
        let folder = try Folder()
        let server = try await server(folder)
        let agent = try ClientProgram("oidc-agent-device", [server.issuer, "library", Self.secret])
        try await approve(try #require(try await agent.lines(1).first), server)
        let tokens = try await agent.lines(3).dropFirst()
        #expect(Set(tokens).count == 2)
        for token in tokens {
            let answer = try await WebClient(origin: server.issuer)
                .get("/userinfo", headers: [("Authorization", "Bearer \(token)")])
            #expect(try json(answer.body)["name"] as? String == "Alice Liddell")
        }
        try await server.stop()
    }
}
