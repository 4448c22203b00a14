import Foundation
import TestSupport
import Testing

/// A server with a client and a user, for tests of its telemetry.
enum ObservedServer {
    static let secret = "5CFNd0OMGyV3uhDA3GPSHw"
    static let password = "correct horse battery"
    static let query =
        "response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&scope=openid&state=s"
        + "&nonce=n"

    static func start(_ arguments: [String], in folder: Folder) async throws -> RunningServer {
        try folder.write(
            "resources.yaml",
            """
            clients:
              - client_id: web
                client_secret: \(secret)
                redirect_uris: [https://shop.example/callback]
                grant_types: [authorization_code, client_credentials]
                scope: openid
                consent: skip
            users:
              - username: bob
                password: \(password)
            upstreams:
              - id: down
                issuer: http://localhost:9
                private_network: true
                client_id: martlet
                client_secret: \(secret)
            """)
        return try await RunningServer(
            ["--telemetry-level", "info", "--apply", "resources.yaml"] + arguments, in: folder.url)
    }

    static func token(_ server: RunningServer, headers: [(String, String)] = []) async throws -> WebClient.Answer {
        try await WebClient(origin: server.issuer).post(
            "/token", [("grant_type", "client_credentials")], headers: headers + [basic("web", secret)])
    }
}

@Suite("Telemetry of a running program at a collector", .serialized)
struct CollectorTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test(
        "a sign-in is one trace, from the client's request to the SQL, without secrets"
    )
    func signIn() async throws {
        let collector = try await OTLPCollector()
        let folder = try Folder()
        try folder.write("headers", "authorization=Bearer%20of-the-collector\n")
        let server = try await ObservedServer.start(
            ["--telemetry-otlp", collector.endpoint, "--telemetry-otlp-headers-file", "headers"], in: folder)
        let client = WebClient(origin: server.issuer)
        let answer = try await client.signIn(
            ObservedServer.query, username: "bob", password: ObservedServer.password)
        let code = try #require(answer.answer["code"])
        let redeemed = try await client.post(
            "/token",
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "https://shop.example/callback")],
            headers: [
                basic("web", ObservedServer.secret), ("traceparent", "00-\(Self.trace)-\(Self.span)-01"),
            ])
        let token = try #require(try json(redeemed.body)["access_token"] as? String)
        #expect(redeemed.header("x-request-id") == Self.trace)
        #expect(try await client.get("/no/such/place?code=\(code)").status == 404)
        try await server.stop()

        let spans = try collector.records("traces")
        let request = try #require(spans.first { $0["parent"]?.text == Self.span })
        #expect(request["trace_id"]?.text == Self.trace && request["name"] == "POST /token" && request["kind"] == 2)
        let attributes = try #require(request["attributes"])
        #expect(attributes["http.request.method"] == "POST" && attributes["http.route"] == "/token")
        #expect(attributes["url.path"] == "/token" && attributes["url.scheme"] == "http")
        #expect(attributes["http.response.status_code"] == 200 && attributes["client.address"] == "127.0.0.1")
        #expect(
            attributes["server.address"] == "localhost" && attributes["server.port"] == .number(Double(server.port)))
        let below = spans.filter { $0["trace_id"]?.text == Self.trace && $0["parent"] == request["span_id"] }
        #expect(below.contains { $0["name"] == "jwt.sign" })
        let statement = try #require(below.first { $0["attributes"]?["db.system.name"] == "sqlite" })
        #expect(statement["kind"] == 3 && statement["attributes"]?["db.operation.name"]?.text != nil)
        #expect(spans.contains { $0["name"] == "password.hash" } && spans.contains { $0["name"] == "sign-in step" })
        // A path that matches no endpoint may contain anything.
        #expect(
            spans.allSatisfy {
                $0["attributes"]?["http.response.status_code"] != 404 || $0["attributes"]?["url.path"] == nil
            })

        let lines = try collector.records("logs")
        #expect(lines.contains { $0["body"] == "request" && $0["trace_id"]?.text == Self.trace })
        #expect(lines.contains { $0["body"] == "stopped" })
        #expect(try collector.requests("logs").allSatisfy { $0.headers["authorization"] == "Bearer of-the-collector" })
        for secret in [ObservedServer.password, ObservedServer.secret, code, token, "of-the-collector"] {
            #expect(!server.program.output.contains(secret))
        }
        let told = "\(spans) \(lines)"
        for secret in [ObservedServer.password, ObservedServer.secret, code, token] { #expect(!told.contains(secret)) }
    }

    @Test(
        "a missing or stuck collector delays neither requests nor the shutdown", arguments: [true, false])
    func away(_ hangs: Bool) async throws {
        let collector = hangs ? try await OTLPCollector(["hang"]) : nil
        let endpoint = try collector?.endpoint ?? "http://127.0.0.1:\(freePort())"
        let folder = try Folder()
        let server = try await ObservedServer.start(["--telemetry-otlp", endpoint], in: folder)
        for _ in 0..<50 { #expect(try await ObservedServer.token(server).status == 200) }
        let clock = ContinuousClock()
        let began = clock.now
        try await server.stop()
        #expect(clock.now - began < .seconds(20))
        #expect(server.program.output.contains("telemetry lost"))
    }

    @Test(
        "an invalid setting is refused without repeating its token",
        arguments: [
            ["--telemetry-otlp", "localhost:4318"], ["--telemetry-otlp", "http://user:hunter2@localhost:4318"],
            ["--telemetry-otlp", "http://localhost:4318?token=hunter2"], ["--telemetry-otlp-signals", "traces"],
            ["--telemetry-otlp", "http://localhost:4318", "--telemetry-otlp-signals", "spans"],
            ["--telemetry-otlp", "http://localhost:4318", "--telemetry-otlp-headers", "hunter2"],
            ["--telemetry-otlp", "http://localhost:4318", "--telemetry-otlp-headers", "a b=hunter2"],
            ["--telemetry-otlp", "http://localhost:4318", "--telemetry-otlp-headers", "a=hunter2%0D%0Ab"],
        ])
    func mistakes(_ arguments: [String]) async throws {
        let folder = try Folder()
        let (code, output) = try await RunningProgram.run(["check"] + arguments, in: folder.url)
        #expect(code == 78)
        #expect(output.contains("telemetry-otlp") && !output.contains("hunter2"))
    }
}
