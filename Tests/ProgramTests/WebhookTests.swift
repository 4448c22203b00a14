import Crypto
import Foundation
import TestSupport
import Testing

/// A webhook receiver on loopback, written in Python.
private final class Receiver {
    private let process = Process()

    init(port: Int, file: URL, status: Int = 200) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Servers/webhook-receiver.py").standardizedFileURL
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script.path(), "\(port)", file.path(), "\(status)"]
        try process.run()
    }

    func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    deinit { stop() }
}

/// A delivery as the receiver recorded it.
private struct Taken {
    let status: Int
    let fields: [String: String]
    let body: String
    var event: [String: Any] { (try? json(body)) ?? [:] }

    static func read(_ file: URL) throws -> [Taken] {
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return try text.split(separator: "\n").map { line in
            let object = try json(String(line))
            return Taken(
                status: object["status"] as? Int ?? 0, fields: object["fields"] as? [String: String] ?? [:],
                body: object["body"] as? String ?? "")
        }
    }
}

@Suite("Webhooks", .serialized)
struct WebhookTests {
    private static let secret = "a-secret-of-the-webhook-that-is-long-enough"
    private static let resources = """
        clients:
          - client_id: shop
            client_secret: 5CFNd0OMGyV3uhDA3GPSHw
            redirect_uris: [https://shop.example/callback]
            grant_types: [authorization_code, client_credentials]
            scope: openid
        users:
          - username: alice
            password: correct horse battery
            email: alice@example.org
        """

    private func server(
        _ folder: Folder, to port: Int, allowsPrivate: Bool = true, arguments: [String] = []
    ) async throws -> RunningServer {
        try folder.write("resources.yaml", Self.resources)
        try folder.write("secret", Self.secret)
        try folder.write(
            "martlet.yaml",
            """
            webhooks:
              urls: [http://127.0.0.1:\(port)/hook]
              secret_file: secret
              events: [client_authentication_failed]
              private_networks: \(allowsPrivate)
            """)
        return try await RunningServer(
            ["--config", "martlet.yaml", "--apply", "resources.yaml"] + arguments, in: folder.url)
    }

    /// Causes `count` events.
    private func fail(_ server: RunningServer, _ count: Int) async throws {
        let client = WebClient(origin: server.issuer)
        for _ in 0..<count {
            let answer = try await client.post(
                "/token", [("grant_type", "client_credentials")], headers: [basic("shop", "a-wrong-secret-a-wrong")])
            #expect(answer.status == 401)
        }
    }

    @Test("events wait while the receiver is down or refuses them, and arrive once, signed")
    func downAndBack() async throws {
        let folder = try Folder()
        let (port, file) = (try freePort(), folder.url.appending(path: "taken"))
        let server = try await server(folder, to: port)
        try await fail(server, 3)
        try await until("it was tried") { server.program.output.contains("webhook not delivered") }
        let refusing = try await Receiver(port: port, file: file, status: 302)
        try await until("it was refused") { try !Taken.read(file).isEmpty }
        refusing.stop()
        let receiver = try await Receiver(port: port, file: file)
        try await fail(server, 2)
        try await until("all came") { try Taken.read(file).count(where: { $0.status == 200 }) >= 5 }
        try await server.stop()
        receiver.stop()
        let all = try Taken.read(file)
        let taken = all.filter { $0.status == 200 }
        #expect(Set(taken.map { $0.fields["martlet-delivery"] }).count == 5)
        #expect(taken.count == 5)
        // The redirect was not followed.
        #expect(all.allSatisfy { !$0.body.isEmpty })
        for one in taken {
            #expect(one.event["event"] as? String == "client_authentication_failed")
            #expect(one.event["client"] as? String == "shop")
            #expect(!one.body.contains("a-wrong-secret"))
            let parts = try #require(one.fields["martlet-signature"]).split(separator: ",")
            let seconds = try #require(Int(parts[0].dropFirst(2)))
            #expect(abs(Double(seconds) - Date().timeIntervalSince1970) < 300)
            let mac = HMAC<SHA256>.authenticationCode(
                for: Data("\(seconds).\(one.body)".utf8), using: SymmetricKey(data: Data(Self.secret.utf8)))
            #expect(parts[1] == "v1=" + mac.map { String(format: "%02x", $0) }.joined())
        }
    }

    @Test("emails and webhooks are spans; the receiver gets its own trace, and no span contains the URL")
    func spans() async throws {
        let (folder, collector, mail) = (try Folder(), try await OTLPCollector(), try SMTPServer())
        let (port, file) = (try freePort(), folder.url.appending(path: "taken"))
        let receiver = try await Receiver(port: port, file: file)
        let server = try await server(
            folder, to: port,
            arguments: [
                "--telemetry-otlp", collector.endpoint, "--mail-smtp", "smtp://127.0.0.1:\(mail.port)", "--mail-from",
                "no-reply@example.com",
            ])
        try await fail(server, 1)
        let client = WebClient(origin: server.issuer)
        let form = try await client.get("/forgot-password").form
        _ = try await client.post(form.action, form.fields + [("username", "alice")])
        _ = try await mail.mail(to: "alice@example.org")
        try await until("it came") { try !Taken.read(file).isEmpty }
        try await server.stop()
        receiver.stop()
        let spans = try collector.records("traces")
        let delivery = try #require(spans.first { $0["name"] == "webhook.deliver" })
        let identity = try ["trace_id", "span_id"].map { try #require(delivery[$0]?.text) }.joined(separator: "-")
        #expect(try Taken.read(file).first?.fields["traceparent"] == "00-\(identity)-01")
        #expect(delivery["kind"] == 3)
        #expect(delivery["attributes"]?["server.address"] == "127.0.0.1")
        #expect(delivery["attributes"]?["http.response.status_code"] == 200)
        let sent = try #require(spans.first { $0["name"] == "mail.send" })
        #expect(sent["attributes"]?["martlet.mail.kind"] == "password_reset")
        #expect(!"\(spans)".contains("/hook"))
    }

    @Test("with sampling 0, the trace of a failed webhook is exported, that of a denied request is not")
    func failures() async throws {
        let (folder, collector) = (try Folder(), try await OTLPCollector())
        let server = try await server(
            folder, to: freePort(),
            arguments: ["--telemetry-otlp", collector.endpoint, "--telemetry-sampling", "0"])
        try await fail(server, 1)
        let client = WebClient(origin: server.issuer)
        // Thrown through the span of a sign-in step, and turned into a redirect.
        let silent = try await client.get(
            "/authorize?response_type=code&client_id=shop&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&scope=openid"
                + "&nonce=n&prompt=none")
        #expect(silent.answer["error"] == "login_required")
        try await until("it was tried") { server.program.output.contains("webhook not delivered") }
        try await server.stop()
        let spans = try collector.records("traces")
        #expect(spans.contains { $0["name"] == "webhook.deliver" })
        let refused = spans.filter { ["sign-in step", "GET /authorize"].contains($0["name"]?.text) }
        #expect(refused.isEmpty, "\(refused)")
    }

    @Test("a private address is not called unless it is allowed")
    func guarded() async throws {
        let folder = try Folder()
        let (port, file) = (try freePort(), folder.url.appending(path: "taken"))
        let receiver = try await Receiver(port: port, file: file)
        let server = try await server(folder, to: port, allowsPrivate: false)
        try await fail(server, 1)
        try await until("it was refused") { server.program.output.contains("has an address in a private network") }
        #expect(try Taken.read(file).isEmpty)
        try await server.stop()
        receiver.stop()
    }
}
