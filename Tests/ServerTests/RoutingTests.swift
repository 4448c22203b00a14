import HTTPTypes
import IdentityProvider
import JOSE
import Testing

@testable import Server

@Suite("Routing to the issuer and endpoint (RFC 9110 §7.2)", .timeLimit(.minutes(1)))
struct RoutingTests {
    /// Responds with its own name.
    private struct NamedEndpoint: Endpoint {
        let name: String
        var routes: [Route] {
            [.get(Path("/who")), Route(.get, Path("/.well-known/who/\(name)"), isAtRoot: true)]
        }

        func respond(to request: Request) async throws -> Response {
            .json(["name": .string(name), "path": .string(request.path)])
        }
    }

    private func provider(_ name: String, at issuer: String) throws -> MountedProvider {
        MountedProvider(issuer: try Issuer(issuer), name: name, endpoints: [NamedEndpoint(name: name)])
    }

    private func providers() throws -> [MountedProvider] {
        [
            try provider("one", at: "https://one.example"), try provider("two", at: "https://two.example:8443"),
            try provider("three", at: "https://one.example/three"),
        ]
    }

    @Test(
        "several issuers, each at its host and path",
        arguments: [
            ("one.example", "/who", "one"), ("one.example:443", "/who", "one"), ("ONE.example", "/who", "one"),
            ("two.example:8443", "/who", "two"), ("one.example", "/three/who", "three"),
            ("one.example", "/.well-known/who/three", "three"),
            // Not another port, path or host, nor anything that looks similar.
            ("two.example", "/who", nil), ("one.example:8443", "/who", nil), ("one.example:80", "/who", nil),
            ("two.example:8443", "/three/who", nil), ("one.example", "/three/.well-known/who/three", nil),
            ("one.example", "/three", nil), ("other.example", "/who", nil), ("one.example.", "/who", nil),
            ("", "/who", nil), ("127.0.0.1", "/who", nil),
        ] as [(String, String, String?)])
    func severalIssuers(_ host: String, _ path: String, expected: String?) async throws {
        try await TestServer.run(providers: providers()) { server in
            let response = try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                return try #require(try await connection.response())
            }
            #expect(response.status == (expected == nil ? 404 : 200))
            if let expected { #expect(response.body.contains("\"name\":\"\(expected)\"")) }
        }
    }

    @Test(
        "a single issuer answers at any host, because a health check may know only the address",
        arguments: ["a", "127.0.0.1", ""])
    func oneIssuer(_ host: String) async throws {
        try await TestServer.run(providers: [provider("one", at: "https://one.example")]) { server in
            let status = try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET /who HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                return try await connection.response()?.status
            }
            #expect(status == 200)
        }
    }

    @Test("an endpoint sees its path relative to the issuer")
    func pathBelowIssuer() async throws {
        try await TestServer.run(providers: [provider("one", at: "https://one.example/deep/down")]) { server in
            try await TestClient.run { client in
                let answer = try await client.get("http://127.0.0.1:\(server.port)/deep/down/who")
                #expect(answer.text == #"{"name":"one","path":"/who"}"#)
            }
        }
    }

    /// Two issuers of which clients present certificates elsewhere, each with an endpoint for programs and a page.
    private func certificateProviders() throws -> [MountedProvider] {
        try [("one", "https://one.example"), ("two", "https://two.example/two")].map { name, issuer in
            MountedProvider(
                issuer: try Issuer(issuer), name: name,
                endpoints: [SharedEndpoint(path: "/who-programs", name: name), NamedEndpoint(name: name)],
                certificateOrigin: name == "one" ? "https://one.example:8443" : "https://mtls.example")
        }
    }

    /// Responds with a name to scripts of any origin.
    private struct SharedEndpoint: Endpoint {
        let path: String
        let name: String
        var routes: [Route] { [.get(Path(path), isSharedAcrossOrigins: true)] }
        func respond(to request: Request) async throws -> Response { .json(["name": .string(name)]) }
    }

    @Test(
        "RFC8705-011: the aliases lead to the issuer's endpoints for programs, and to no page",
        arguments: [
            ("one.example:8443", "/who-programs", "one"), ("mtls.example", "/two/who-programs", "two"),
            ("mtls.example:443", "/two/who-programs", "two"), ("one.example", "/who-programs", "one"),
            ("one.example", "/who", "one"), ("two.example", "/two/who", "two"),
            ("one.example:8443", "/who", nil), ("mtls.example", "/two/who", nil),
            ("mtls.example", "/who-programs", nil),
            ("one.example:8443", "/two/who-programs", nil), ("two.example:8443", "/two/who-programs", nil),
        ] as [(String, String, String?)])
    func aliases(_ host: String, _ path: String, expected: String?) async throws {
        try await TestServer.run(providers: certificateProviders()) { server in
            let response = try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                return try #require(try await connection.response())
            }
            #expect(response.status == (expected == nil ? 404 : 200))
            if let expected { #expect(response.body.contains("\"name\":\"\(expected)\"")) }
        }
    }

    @Test("RFC8705-011: a single issuer has no pages at the origin for certificates either")
    func oneAlias() async throws {
        try await TestServer.run(providers: [certificateProviders()[0]]) { server async throws in
            func status(_ host: String, _ path: String) async throws -> Int? {
                try await RawConnection.run(to: server.port) { connection in
                    try await connection.send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                    return try await connection.response()?.status
                }
            }
            #expect(try await status("one.example:8443", "/who-programs") == 200)
            #expect(try await status("one.example:8443", "/who") == 404)
            #expect(try await status("127.0.0.1", "/who") == 200)
        }
    }

    @Test("two issuers with the same address are refused at startup")
    func conflict() async throws {
        let twins = [
            try provider("one", at: "https://one.example"), try provider("one", at: "https://one.example:443"),
        ]
        await #expect(throws: ConflictingRoutes.self) { try await TestServer.run(providers: twins) { _ in } }
    }

    @Test("a wrong method gets 405 with the allowed methods (RFC 9110 §15.5.6)")
    func wrongMethod() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let answer = try await client.send("PUT", "http://127.0.0.1:\(server.port)/echo")
                #expect(answer.status == 405)
                #expect(answer.fields["allow"] == "GET, POST, HEAD")
                let options = try await client.send("OPTIONS", "http://127.0.0.1:\(server.port)/echo")
                #expect(options.status == 405)
                #expect(options.fields["access-control-allow-origin"] == nil)
            }
        }
    }

    @Test("an unknown path is a page in a browser and JSON in a program")
    func notFound() async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let url = "http://127.0.0.1:\(server.port)/nothing"
                let page = try await client.get(url, ["Accept": "text/html,application/xhtml+xml"])
                #expect(page.status == 404)
                #expect(page.fields["content-type"] == "text/html; charset=utf-8")
                #expect(page.text.contains("<html"))
                let json = try await client.get(url)
                #expect(json.status == 404)
                #expect(json.text.contains("\"error\":\"invalid_request\""))
            }
        }
    }

    @Test("an unknown host gets no issuer's page")
    func unknownHost() async throws {
        try await TestServer.run(providers: providers()) { server in
            let response = try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET / HTTP/1.1\r\nHost: other.example\r\nAccept: text/html\r\n\r\n")
                return try await connection.response()
            }
            #expect(response?.status == 404)
            #expect(response?.fields["content-type"] == "application/json")
        }
    }

    @Test(
        "an endpoint renders its own errors, with status and header fields and without the cause",
        arguments: [
            ("/defect", 500, "server_error"), ("/away", 503, "temporarily_unavailable"),
            ("/unauthorized", 401, "invalid_client"),
        ])
    func errors(_ path: String, _ status: Int, _ code: String) async throws {
        try await TestServer.run { server in
            try await TestClient.run { client in
                let answer = try await client.get("http://127.0.0.1:\(server.port)\(path)")
                #expect(answer.status == status)
                #expect(answer.text.contains("\"error\":\"\(code)\""))
                #expect(!answer.text.contains("confidential"))
                #expect((answer.fields["retry-after"] != nil) == (status == 503))
                #expect((answer.fields["www-authenticate"] != nil) == (status == 401))
            }
        }
    }
}
