import Foundation
import TestSupport
import Testing

@Suite("RFC 9126: the endpoint for pushed requests over HTTP")
struct PushedRequestProgramTests {
    private static let resources = """
        clients:
          - client_id: spa
            token_endpoint_auth_method: none
            redirect_uris: [https://spa.example/]
            scope: openid
        """
    private static let form = [
        ("response_type", "code"), ("client_id", "spa"), ("redirect_uri", "https://spa.example/"), ("scope", "openid"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256"),
    ]

    private func server(_ folder: Folder, _ arguments: [String] = []) async throws -> RunningServer {
        try folder.write("resources.yaml", Self.resources)
        return try await RunningServer(["--apply", "resources.yaml"] + arguments, in: folder.url)
    }

    @Test("RFC9126-007: other methods get 405, a body that is too large 413, and too many requests 429")
    func statuses() async throws {
        let folder = try Folder()
        let server = try await server(folder, ["--limits-requests", "1", "--limits-requests-at-once", "8"])
        let client = WebClient(origin: server.issuer)
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let answer = try await client.request(method, "/par")
            #expect(answer.status == 405, "\(method)")
            #expect(answer.header("allow")?.contains("POST") == true)
        }
        let large = try await client.post("/par", [("state", String(repeating: "s", count: 70_000))])
        #expect(large.status == 413)
        let answer = try await client.post("/par", Self.form)
        #expect(answer.status == 201)
        #expect(try json(answer.body)["request_uri"] as? String != nil)
        var late = answer
        for _ in 0..<10 where late.status != 429 { late = try await client.post("/par", Self.form) }
        #expect(late.status == 429)
        #expect(late.header("retry-after") != nil)
        #expect(try json(late.body)["error"] as? String == "temporarily_unavailable")
        try await server.stop()
    }

    @Test("a script of any origin may push, with a DPoP proof, and read the nonce")
    func crossOrigin() async throws {
        let folder = try Folder()
        let server = try await server(folder)
        let client = WebClient(origin: server.issuer)
        let preflight = try await client.request(
            "OPTIONS", "/par",
            headers: [
                ("Origin", "https://spa.example"), ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "content-type, dpop"),
            ])
        #expect((200..<300).contains(preflight.status))
        #expect(preflight.header("access-control-allow-origin") == "*")
        #expect(preflight.header("access-control-allow-headers")?.lowercased().contains("dpop") == true)
        let answer = try await client.post("/par", Self.form, headers: [("Origin", "https://spa.example")])
        #expect(answer.status == 201)
        #expect(answer.header("access-control-allow-origin") == "*")
        #expect(answer.header("access-control-expose-headers")?.contains("DPoP-Nonce") == true)
        #expect(answer.header("access-control-allow-credentials") == nil)
        // FAPI 2.0 Security Profile §5.2.3: a script can't read the authorization endpoint.
        let authorize = try await client.get("/authorize?client_id=spa", headers: [("Origin", "https://spa.example")])
        #expect(authorize.header("access-control-allow-origin") == nil)
        try await server.stop()
    }
}
