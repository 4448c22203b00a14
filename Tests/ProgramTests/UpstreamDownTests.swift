import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("An upstream that is down", .serialized)
struct UpstreamDownTests {
    private static let query =
        "response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&scope=openid&nonce=n"

    /// A server with three upstreams: `down` refuses connections, `hanging` never answers, and `self` is the server.
    private struct Outage {
        let folder: Folder
        let silent: SilentServer
        let server: RunningServer
        let metrics: Int

        init() async throws {
            folder = try Folder()
            silent = try SilentServer()
            metrics = try freePort()
            let port = try freePort()
            let upstreams = [("down", 9), ("hanging", silent.port), ("self", port)].map { id, port in
                """
                  - id: \(id)
                    issuer: http://localhost:\(port)
                    private_network: true
                    client_id: martlet
                    client_secret: 5CFNd0OMGyV3uhDA3GPSHw
                """
            }
            try folder.write(
                "resources.yaml",
                """
                clients:
                  - client_id: web
                    client_secret: 5CFNd0OMGyV3uhDA3GPSHw
                    redirect_uris: [https://shop.example/callback]
                    scope: openid
                    consent: skip
                users:
                  - username: bob
                    password: correct horse battery
                upstreams:
                \(upstreams.joined(separator: "\n"))
                """)
            server = try await RunningServer(
                ["--apply", "resources.yaml", "--telemetry-metrics", "127.0.0.1:\(metrics)"], in: folder.url, port: port
            )
        }

        func scrape() async throws -> String {
            try await WebClient(origin: "http://127.0.0.1:\(metrics)").get("/metrics").body
        }

        func run(_ arguments: [String]) async throws -> String {
            try await RunningProgram.run(arguments + ["--issuer", server.issuer], in: folder.url).output
        }

        /// Opens the sign-in page in a new browser and follows the link of an upstream. Returns the response.
        func leave(to upstream: String) async throws -> (client: WebClient, answer: WebClient.Answer) {
            let client = WebClient(origin: server.issuer)
            let page = try await client.follow(client.get("/authorize?\(UpstreamDownTests.query)"))
            #expect(page.status == 200)
            let links = page.body.matches(of: /href="([^"]+)"/).map { String($0.1).replacing("&amp;", with: "&") }
            let link = try #require(links.first { $0.hasSuffix("upstream=\(upstream)") }, "\(links)")
            return (client, try await client.get(link))
        }

        func signIn(_ client: WebClient, from page: WebClient.Answer) async throws -> WebClient.Answer {
            let form = page.form
            return try await client.follow(
                client.post(form.action, form.fields + [("username", "bob"), ("password", "correct horse battery")]))
        }
    }

    @Test("the page says so, the password works there, and metrics, audit log and explain show why")
    func down() async throws {
        let outage = try await Outage()
        #expect(try await outage.leave(to: "self").answer.header("location")?.contains("/authorize?") == true)
        let (client, answer) = try await outage.leave(to: "down")
        let page = try await client.follow(answer)
        #expect(page.status == 200 && page.body.contains("responding right now"))
        #expect(try await outage.signIn(client, from: page).answer["code"] != nil)
        let metrics = try await outage.scrape()
        for line in [
            #"martlet_upstream_up{upstream="down"} 0"#, #"martlet_upstream_up{upstream="self"} 1"#,
            #"martlet_upstream_sign_ins_total{upstream="down",outcome="unavailable"} 1"#,
            #"martlet_upstream_sign_ins_total{upstream="self",outcome="unavailable"} 0"#,
            #"martlet_fetch_duration_seconds_count{operation="upstream.metadata",outcome="failure"} 1"#,
        ] { #expect(metrics.contains(line), "\(line)") }
        let trace = try #require(answer.header("X-Request-Id"))
        let told = try await outage.run(["explain", trace])
        #expect(told.contains("The sign-in at the upstream down failed (unavailable): localhost is unreachable"))
        #expect(told.contains("upstream refused with client web from 127.0.0.1: upstream down, reason unavailable."))
        #expect(try await outage.run(["audit", "--event", "upstream_refused"]).contains("unavailable"))
        try await outage.server.stop()
    }

    @Test("while one hangs, everybody else signs in, and its own visitor reads about it in the end")
    func hanging() async throws {
        let outage = try await Outage()
        let hasReturned = Atomic(false)
        // Fewer than the connections that `WebClient` opens to one server.
        async let visitors = race(4) { _ in
            let (client, answer) = try await outage.leave(to: "hanging")
            hasReturned.store(true, ordering: .relaxed)
            return (client, answer)
        }
        try await until("the server waits for the upstream") { outage.silent.hasVisitor }
        let client = WebClient(origin: outage.server.issuer)
        let page = try await client.follow(client.get("/authorize?\(Self.query)"))
        #expect(try await outage.signIn(client, from: page).answer["code"] != nil)
        let isOver = hasReturned.load(ordering: .relaxed)
        #expect(!isOver)
        for (client, answer) in try await visitors {
            let page = try await client.follow(answer)
            #expect(page.status == 200 && page.body.contains("responding right now"))
            #expect(try await outage.signIn(client, from: page).answer["code"] != nil)
        }
        let metrics = try await outage.scrape()
        #expect(metrics.contains(#"martlet_upstream_up{upstream="hanging"} 0"#))
        #expect(metrics.contains(#"martlet_upstream_sign_ins_total{upstream="hanging",outcome="unavailable"} 4"#))
        try await outage.server.stop()
    }
}
