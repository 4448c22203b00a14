import Foundation
import TestSupport
import Testing

@Suite("Metrics of a running program", .serialized)
struct MetricsTests {
    private static let documents = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../../docs/observability").standardizedFileURL

    private struct Observed {
        let server: RunningServer
        let port: Int
        let folder: Folder
        func scrape() async throws -> String {
            try await WebClient(origin: "http://127.0.0.1:\(port)").get("/metrics").body
        }
    }

    /// A server on which every counted event has happened.
    private func observed(_ arguments: [String] = []) async throws -> Observed {
        let folder = try Folder()
        let port = try freePort()
        let server = try await ObservedServer.start(
            [
                "--telemetry-metrics", "127.0.0.1:\(port)", "--mail-smtp", "smtp://127.0.0.1:\(try freePort())",
                "--mail-from", "id@example.com", "--webhooks-urls", "http://127.0.0.1:\(try freePort())/",
                "--webhooks-secret", "a secret of at least thirty-two characters",
            ] + arguments, in: folder)
        let observed = Observed(server: server, port: port, folder: folder)
        for _ in 0..<5 { #expect(try await ObservedServer.token(server).status == 200) }
        let query = ObservedServer.query
        _ = try await WebClient(origin: server.issuer).signIn(query, username: "bob", password: ObservedServer.password)
        _ = try await WebClient(origin: server.issuer).signIn(query, username: "bob", password: "wrong")
        let client = WebClient(origin: server.issuer)
        for upstream in ["down", "hunter2"] {
            _ = try await client.post("/upstream/\(upstream)/backchannel-logout", [("logout_token", "x")])
        }
        var statuses: [Int] = []
        for number in 0..<40 {
            let credentials = #"{"username": "nobody-\#(number)", "password": "wrong"}"#
            statuses.append(try await client.postJSON("/api/auth/login", credentials).status)
        }
        #expect(statuses.contains(429))
        return observed
    }

    private func promtool(_ arguments: [String], input: String? = nil) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/promtool")
        process.arguments = arguments
        process.currentDirectoryURL = Self.documents
        let (output, stdin) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError, process.standardInput) = (output, output, stdin)
        try process.run()
        if let input { stdin.fileHandleForWriting.write(Data(input.utf8)) }
        try stdin.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    @Test("requests are counted, promtool finds no mistakes, and no label contains a client's value")
    func scrape() async throws {
        let observed = try await observed()
        let client = WebClient(origin: observed.server.issuer)
        for path in ["/no/such/hunter2", "/token/hunter2", "/authorize?client_id=hunter2"] {
            _ = try await client.get(path)
        }
        _ = try await client.post("/token", [("grant_type", "hunter2")], headers: [basic("hunter2", "hunter2")])
        _ = try await client.post("/token", [("grant_type", "hunter2")], headers: [basic("web", ObservedServer.secret)])
        _ = try await client.signIn(ObservedServer.query, username: "hunter2", password: "hunter2")
        let text = try await observed.scrape()
        let checked = try promtool(["check", "metrics"], input: text)
        #expect(checked.code == 0 && checked.output.isEmpty, "\(checked.output)")
        for line in [
            #"martlet_tokens_total{grant_type="client_credentials"} 5"#,
            #"martlet_sign_ins_total{factor="password",outcome="signed_in"} 1"#,
            #"martlet_sign_ins_total{factor="password",outcome="wrong_credential"} 1"#,
            #"martlet_rate_limited_total{route="/api/auth/login"}"#,
            #"martlet_refusals_total{error="invalid_client"} 1"#,
            #"http_request_method="POST",url_scheme="http",http_route="/token",http_response_status_code="200",le="+Inf"} 5"#,
            #"http_request_method="GET",url_scheme="http",http_response_status_code="404",le="+Inf"}"#,
            "martlet_password_running 0", "martlet_password_waiting 0", "martlet_password_shed_total 0",
            // The series exist from the start, because an alert can't see a step from no value to one.
            #"martlet_suspicious_sign_ins_total{signal="many_accounts",consequence="refuse"} 0"#,
            #"martlet_upstream_up{upstream="down"} 0"#,
            #"martlet_upstream_sign_ins_total{upstream="down",outcome="success"} 0"#,
            #"martlet_upstream_sign_ins_total{upstream="down",outcome="unavailable"} 0"#,
            #"martlet_fetch_duration_seconds_count{operation="upstream.metadata",outcome="failure"} 1"#,
            #"martlet_outbox_depth{issuer="\#(observed.server.issuer)"} 0"#,
            #"db_client_connection_max{db_client_connection_pool_name="sqlite readers"} 2"#,
        ] { #expect(text.contains(line), "\(line)") }
        #expect(!text.contains("hunter2"))
        // Not at the public address.
        #expect(try await client.get("/metrics").status == 404)
        try await observed.server.stop()
    }

    @Test("the alert rules and the dashboard use only metrics that exist")
    func documents() async throws {
        let collector = try await OTLPCollector()
        let observed = try await observed([
            "--telemetry-otlp", collector.endpoint, "--trusted-proxies", "127.0.0.1/32", "--suspicion-unknown-network",
            "factor",
        ])
        let elsewhere = WebClient(origin: observed.server.issuer, forwardedFor: "192.0.2.1")
        let credentials = #"{"username": "bob", "password": "\#(ObservedServer.password)"}"#
        #expect(try await elsewhere.postJSON("/api/auth/login", credentials).status < 500)
        let text = try await observed.scrape()
        let there = Set(text.matches(of: /(?m)^([a-z_]+)[{ ]/).map { String($0.1) })
        for document in ["alerts.yaml", "dashboard.json"] {
            let text = try String(contentsOf: Self.documents.appending(path: document), encoding: .utf8)
            let names = Set(
                text.matches(of: /\b(?:martlet|http_server|db_client|process)_[a-z_]+(?=[\[{) ,\\"\n]|$)/)
                    .map { String($0.0) }
            )
            .subtracting(["db_client_connection_pool_name"])
            #expect(names.count >= 10)
            #expect(names.subtracting(there).isEmpty, "\(document)")
        }
        try await observed.server.stop()
        // The same over OTLP, which sends the rest on shutdown.
        let metrics = try collector.records("metrics")
        let tokens = try #require(metrics.last { $0["name"] == "martlet.tokens" })
        #expect(tokens["kind"] == "sum" && tokens["monotonic"] == .flag(true) && tokens["temporality"] == 2)
        let point = try #require(tokens["points"]?.list.first)
        #expect(point["as_int"] == "5" && point["attributes"]?["grant_type"] == "client_credentials")
        let durations = try #require(metrics.last { $0["name"] == "http.server.request.duration" })
        #expect(durations["kind"] == "histogram" && durations["unit"] == "s")
        let route = try #require(durations["points"]?.list.first { $0["attributes"]?["http.route"] == "/token" })
        #expect(route["count"] == "5" && route["explicit_bounds"]?.list.count == 14)
        #expect(route["bucket_counts"]?.list.count == 15 && (route["sum"]?.number ?? 0) > 0)
        #expect(metrics.contains { $0["name"] == "process.memory.usage" && $0["kind"] == "gauge" })
    }

    @Test("the alert rules are valid and fire when they should")
    func rules() throws {
        for arguments in [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]] {
            let (code, output) = try promtool(arguments)
            #expect(code == 0, "\(output)")
        }
    }

    @Test("a real Prometheus scrapes it repeatedly")
    func prometheus() async throws {
        let observed = try await observed()
        let prometheus = try await PrometheusServer(target: observed.port)
        try await until("Prometheus has read it") {
            try await prometheus.value(#"martlet_tokens_total{grant_type="client_credentials"}"#) == 5
        }
        #expect(try await ObservedServer.token(observed.server).status == 200)
        try await until("Prometheus has seen the next") {
            try await prometheus.value(#"martlet_tokens_total{grant_type="client_credentials"}"#) == 6
        }
        #expect(try await prometheus.value(#"up{job="martlet"}"#) == 1)
        let now = Date.now.timeIntervalSince1970
        #expect(abs(try #require(try await prometheus.value("process_start_time_seconds")) - now) < 120)
        #expect(try #require(try await prometheus.value("min(martlet_signing_key_until_timestamp_seconds)")) > now)
        #expect(try await prometheus.rules().contains("MartletDown"))
        observed.server.program.signal(SIGKILL)
        try await until("Prometheus misses it") { try await prometheus.value(#"up{job="martlet"}"#) == 0 }
    }
}
