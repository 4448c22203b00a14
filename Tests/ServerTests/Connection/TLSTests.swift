import Logging
import InMemoryLogging
import AsyncHTTPClient
import Foundation
import NIOSSL
import Testing

@testable import Server

@Suite("TLS: versions, protocols and certificates", .timeLimit(.minutes(1)))
struct TLSTests {
    @Test(
        "HTTP/2 is negotiated if the client supports it (RFC 7301)", arguments: [(["h2"], "h2"), (["http/1.1"], "1.1")])
    func negotiation(_ protocols: [String], expected: String) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files) { server in
            try await TestClient.run { client in
                guard expected == "h2" else { return }
                let response = try await client.get("https://127.0.0.1:\(server.port)/echo?text=x")
                #expect(response.isHTTP2)
                #expect(response.text.contains("\"text\":\"x\""))
            }
            guard expected == "1.1" else { return }
            try await RawConnection.run(to: server.port, tls: .client(protocols)) { connection in
                try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.response()?.status == 200)
            }
        }
    }

    @Test(
        "TLS 1.2 and 1.3 are supported, older versions are not (RFC 9325 §3.1.1)",
        arguments: [
            (TLSVersion.tlsv1, false), (.tlsv11, false), (.tlsv12, true), (.tlsv13, true),
        ])
    func versions(_ version: TLSVersion, isSpoken: Bool) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files) { server in
            var configuration = TLSConfiguration.client()
            configuration.minimumTLSVersion = version
            configuration.maximumTLSVersion = version
            let status = try? await RawConnection.run(to: server.port, tls: configuration) { connection in
                try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
                return try await connection.response()?.status
            }
            #expect(status == (isSpoken ? 200 : nil))
        }
    }

    @Test(
        "FAPI2-SP-002: TLS 1.2 has the suites of RFC 9325 §4.2 alone, with any kind of certificate",
        arguments: [
            (NIOTLSCipher.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, ["rsa:2048"], true),
            (.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, ["rsa:2048"], true),
            (.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, ["rsa:2048"], false),
            (.TLS_RSA_WITH_AES_128_GCM_SHA256, ["rsa:2048"], false),
            (.TLS_RSA_WITH_AES_256_CBC_SHA, ["rsa:2048"], false),
            (.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, ["rsa:2048"], false),
            (.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], true),
            (.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], false),
        ])
    func cipherSuites(_ suite: NIOTLSCipher, _ key: [String], isSpoken: Bool) async throws {
        let certificate = try TestCertificate("localhost", key: key)
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files) { server in
            for version in [TLSVersion.tlsv12, .tlsv13] {
                var configuration = TLSConfiguration.client()
                configuration.minimumTLSVersion = version
                configuration.maximumTLSVersion = version
                configuration.cipherSuiteValues = [suite]
                let status = try? await RawConnection.run(to: server.port, tls: configuration) { connection in
                    try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
                    return try await connection.response()?.status
                }
                // TLS 1.3 has its own suites, all of them strong.
                #expect(status == (isSpoken || version == .tlsv13 ? 200 : nil))
            }
        }
    }

    @Test("plain HTTP on a TLS port is closed, and the server continues")
    func plainHTTP() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files) { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.isClosed())
            }
            #expect(try await Self.name(of: server) == "localhost")
        }
    }

    @Test("many large responses at once over HTTP/2 arrive completely")
    func largeAnswers() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        let gate = Gate()
        await gate.open()
        try await TestServer.run([GatedEndpoint(gate: gate)], tls: certificate.files) { server in
            try await TestClient.run { client in
                try await withThrowingTaskGroup { tasks in
                    for _ in 0..<50 {
                        tasks.addTask {
                            let url = "https://127.0.0.1:\(server.port)/gated"
                            return try await client.get(url).text.count
                        }
                    }
                    for try await length in tasks { #expect(length == 40_000) }
                }
            }
        }
    }

    @Test("an oversized HTTP/2 body gets 413")
    func largeBody() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files) { server in
            try await TestClient.run { client in
                let url = "https://127.0.0.1:\(server.port)/echo"
                let response = try await client.send("POST", url, body: .bytes(Array(repeating: 0x61, count: 100_000)))
                #expect(response.status == 413)
                #expect(try await client.get(url).status == 200)
            }
        }
    }

    @Test("a renewed certificate is used without a restart; a broken one is reported, and the old one stays")
    func renewal() async throws {
        let certificate = try TestCertificate("first")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files) { server in
            #expect(try await Self.name(of: server) == "first")

            try certificate.spoil()
            try await eventually { server.log.entries.contains { $0.level == .error } }
            #expect(try await Self.name(of: server) == "first")

            try certificate.renew(as: "second")
            try await eventually { try await Self.name(of: server) == "second" }
        }
    }

    @Test("a server with an unusable certificate doesn't start, and names the file")
    func brokenAtStart() async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try certificate.spoil()
        let error = await #expect(throws: InvalidCertificate.self) {
            try await TestServer.run(tls: certificate.files) { _ in }
        }
        #expect(error?.file == certificate.files.certificate)
    }

    @Test("a key that belongs to another certificate is refused")
    func foreignKey() throws {
        let certificate = try TestCertificate("one")
        let other = try TestCertificate("other")
        defer {
            certificate.remove()
            other.remove()
        }
        let mixed = ServerSettings.TLS(certificate: certificate.files.certificate, key: other.files.key)
        #expect(throws: InvalidCertificate.self) { try TLSCertificate(mixed) }
    }

    /// Returns the name in the certificate that a new connection gets.
    private static func name(of server: TestServer) async throws -> String? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl", "s_client", "-connect", "127.0.0.1:\(server.port)"]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let line = text.split(separator: "\n").first { $0.hasPrefix("subject=") }
        return line?.split(separator: "=").last.map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

/// Returns when `condition` is true; fails after ten seconds.
func eventually(_ condition: () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(10)
    while try await !condition() {
        try #require(clock.now < deadline, "the condition never held")
        try await Task.sleep(for: .milliseconds(20))
    }
}
