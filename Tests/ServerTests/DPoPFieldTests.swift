import AsyncHTTPClient
import Foundation
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@testable import Server

@Suite("RFC 9449: DPoP over real connections", .timeLimit(.minutes(1)))
struct DPoPFieldTests {
    private static let resources = """
        {"users": [{"username": "alice", "password": "correct horse"}],
         "clients": [
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
             "grant_types": ["client_credentials"], "scope": "orders.read"}],
         "resource_servers": [{"identifier": "https://api.example.com", "scopes": ["orders.read"]}]}
        """
    private static let authorization =
        "Basic " + Data("web:web-secret-web-secret-web-secret-1".utf8).base64EncodedString()
    private static let form = "grant_type=client_credentials"

    private func run(
        nonces: Bool = false,
        _ body: @escaping @Sendable (TestServer, DPoPKey, TestIssuer) async throws -> Void
    ) async throws {
        let issuer = try await TestIssuer("http://localhost:8080", resources: Self.resources) {
            $0.requiresDPoPNonces = nonces
        }
        let key = try DPoPKey()
        try await TestServer.run(providers: [MountedProvider(issuer.provider)]) { server in
            try await body(server, key, issuer)
        }
    }

    private func proof(_ key: DPoPKey, _ issuer: TestIssuer, nonce: String? = nil) async throws -> String {
        try await key.proof("POST", "http://localhost:8080/token", at: issuer.clock.now, nonce: nonce)
    }

    /// Sends a token request with these lines in its head, and returns the head and body of the response.
    private func ask(_ server: TestServer, _ lines: [String]) async throws -> String {
        let head = [
            "POST /token HTTP/1.1", "Host: localhost:8080", "Authorization: \(Self.authorization)",
            "Content-Type: application/x-www-form-urlencoded", "Content-Length: \(Self.form.utf8.count)",
            "Connection: close",
        ]
        return try await RawConnection.run(to: server.port) { connection in
            try await connection.send((head + lines).joined(separator: "\r\n") + "\r\n\r\n" + Self.form)
            return try await connection.text()
        }
    }

    @Test("RFC9449-001: one DPoP field, in whatever case; two fields, or two proofs in one, are refused")
    func fields() async throws {
        try await run { server, key, issuer in
            for name in ["DPoP", "dpop", "DPOP"] {
                let answer = try await ask(server, ["\(name):  \(proof(key, issuer)) "])
                #expect(answer.hasPrefix("HTTP/1.1 200"))
                #expect(answer.contains("\"token_type\":\"DPoP\""))
            }
            let (one, two) = (try await proof(key, issuer), try await proof(key, issuer))
            for lines in [
                ["DPoP: \(one)", "DPoP: \(two)"], ["DPoP: \(one)", "dpop: \(one)"], ["DPoP: \(one), \(two)"],
                ["DPoP: \(one)", "DPoP:"], ["DPoP:"],
            ] {
                let answer = try await ask(server, lines)
                #expect(answer.hasPrefix("HTTP/1.1 400"))
                #expect(answer.contains("\"error\":\"invalid_dpop_proof\""))
            }
            #expect(try await ask(server, ["DPoP: \(one)"]).hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("RFC9449-014: a DPoP-Nonce arrives exactly once, and works in the next request")
    func nonce() async throws {
        try await run(nonces: true) { server, key, issuer in
            let asked = try await ask(server, ["DPoP: \(proof(key, issuer))"])
            #expect(asked.hasPrefix("HTTP/1.1 400"))
            #expect(asked.contains("\"error\":\"use_dpop_nonce\""))
            let nonces = asked.matches(of: /(?i)\r\ndpop-nonce: ([A-Za-z0-9_-]+)/).map { String($0.1) }
            #expect(nonces.count == 1)
            let answer = try await ask(server, ["DPoP: \(proof(key, issuer, nonce: nonces.first))"])
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.lowercased().contains("cache-control: no-store"))
        }
    }

    @Test(
        "a script of another origin may send proofs, and reads the nonce and the challenge",
        arguments: [("POST", "/token"), ("POST", "/par"), ("GET", "/userinfo"), ("POST", "/userinfo")])
    func script(_ method: String, _ path: String) async throws {
        try await run(nonces: true) { server, key, issuer in
            try await TestClient.run { client in
                let url = "http://127.0.0.1:\(server.port)\(path)"
                let preflight = try await client.send(
                    "OPTIONS", url,
                    [
                        "Origin": "https://spa.example", "Access-Control-Request-Method": method,
                        "Access-Control-Request-Headers": "authorization,content-type,dpop",
                    ])
                #expect(preflight.status == 204)
                #expect(preflight.fields["access-control-allow-origin"] == "*")
                #expect(preflight.fields["access-control-allow-methods"]?.contains(method) == true)
                #expect(preflight.fields["access-control-allow-headers"]?.contains("dpop") == true)
                #expect(preflight.fields["access-control-allow-credentials"] == nil)

                let isResource = path == "/userinfo"
                let token = try await self.token(server, key, issuer)
                let proof = try await key.proof(
                    method, "http://localhost:8080\(path)", at: issuer.clock.now, token: isResource ? token : nil)
                let answer = try await client.send(
                    method, url,
                    [
                        "Origin": "https://spa.example", "DPoP": proof,
                        "Authorization": isResource ? "DPoP \(token)" : Self.authorization,
                        "Content-Type": "application/x-www-form-urlencoded",
                    ], body: method == "POST" && !isResource ? .bytes(Array(Self.form.utf8)) : nil)
                #expect(answer.status == (isResource ? 401 : 400))
                #expect(answer.fields["access-control-allow-origin"] == "*")
                let exposed = answer.fields["access-control-expose-headers"] ?? ""
                #expect(exposed.contains("DPoP-Nonce") && exposed.contains("WWW-Authenticate"))
                if !isResource { #expect(answer.fields["dpop-nonce"] != nil) }
            }
        }
    }

    /// A bound token of the client itself.
    private func token(_ server: TestServer, _ key: DPoPKey, _ issuer: TestIssuer) async throws -> String {
        let asked = try await ask(server, ["DPoP: \(proof(key, issuer))"])
        let nonce = try #require(asked.firstMatch(of: /(?i)\r\ndpop-nonce: ([A-Za-z0-9_-]+)/)).1
        let answer = try await ask(server, ["DPoP: \(proof(key, issuer, nonce: String(nonce)))"])
        return String(try #require(answer.firstMatch(of: /"access_token":"([^"]+)"/)).1)
    }
}
