import Foundation
import TestSupport
import Testing

@Suite("Unusual sign-ins, with a location database and behind a proxy")
struct SuspicionProgramTests {
    private static let resources = """
        clients:
          - client_id: front
            token_endpoint_auth_method: none
            first_party: true
            grant_types: [refresh_token]
        users:
          - username: alice
            password: down-the-rabbit-hole
        """

    @Test("impossible travel is refused, recorded, counted and explained")
    func travel() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", Self.resources)
        try PlaceFile.write(.city, to: folder.url.appending(path: "places.mmdb"))
        let metrics = try freePort()
        let server = try await RunningServer(
            [
                "--apply", "resources.yaml", "--trusted-proxies", "127.0.0.1/32", "--suspicion-places", "places.mmdb",
                "--suspicion-impossible-travel", "refuse", "--telemetry-metrics", "127.0.0.1:\(metrics)",
            ], in: folder.url)
        func login(from address: String, _ password: String = "down-the-rabbit-hole") async throws -> WebClient.Answer {
            try await WebClient(origin: server.issuer, forwardedFor: address).postJSON(
                "/api/auth/login", #"{"username": "alice", "password": "\#(password)", "client_id": "front"}"#)
        }
        #expect(try await login(from: "192.0.2.7").status == 200)
        #expect(try await login(from: "192.0.2.200").status == 200)
        let (wrong, refused) = (
            try await login(from: "198.51.100.7", "wrong"), try await login(from: "198.51.100.7")
        )
        #expect(refused.status == 401)
        #expect(refused.body == wrong.body)
        let text = try await WebClient(origin: "http://127.0.0.1:\(metrics)", port: metrics).get("/metrics").body
        #expect(
            text.contains(#"martlet_suspicious_sign_ins_total{signal="impossible_travel",consequence="refuse"} 1"#))
        try await server.stop()

        let trace = try #require(refused.header("X-Request-Id"))
        let explained = try await RunningProgram.run(["explain", trace, "--issuer", server.issuer], in: folder.url)
        #expect(explained.code == 0, "\(explained.output)")
        #expect(explained.output.contains("impossible_travel"))
        #expect(explained.output.contains("Consequence: refuse."))
        #expect(!explained.output.contains("down-the-rabbit-hole"))
    }
}
