import Foundation
import JOSE
import NIOSSL
import TestSupport

@testable import Server

/// A running server with a listener for certificates, and what its clients need.
struct CertificateSite: Sendable {
    /// The port of the main listener.
    let main: Int
    /// The port of the listener for certificates.
    let port: Int
    let client: TestChain.Presentation
    let folder: URL

    static func run(
        _ providers: [MountedProvider], client: TestChain.Presentation? = nil,
        configure: @escaping (inout ServerSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (CertificateSite) async throws -> Void
    ) async throws {
        let certificate = try TestCertificate("localhost")
        let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            certificate.remove()
            try? FileManager.default.removeItem(at: folder)
        }
        let port = try freePort()
        let client = try client ?? TestChain().presented()
        try await TestServer.run(
            providers: providers, tls: certificate.files,
            configure: { settings in
                settings.certificateAddress = .host("127.0.0.1", port: port)
                configure(&settings)
            }
        ) { server in
            try await eventually { (try? await RawConnection.run(to: port) { _ in }) != nil }
            try await body(CertificateSite(main: server.port, port: port, client: client, folder: folder))
        }
    }

    /// What `CertificatesEndpoint` responds if it sees all of the client's certificates.
    var all: String { #"{"certificates":[\#(client.certificates.map(Self.json).joined(separator: ","))]}"# }
    static let none = #"{"certificates":[]}"#

    private static func json(_ certificate: [UInt8]) -> String { "\"\(Base64URL.encode(certificate))\"" }

    /// Writes the client's files, and returns the arguments that name them to `openssl s_client`.
    func files() throws -> [String] {
        func write(_ name: String, _ text: String) throws -> String {
            try Data(text.utf8).write(to: folder.appending(path: name))
            return folder.appending(path: name).path
        }
        return [
            "-cert", try write("client.pem", TestChain.pem(client.certificates[0])), "-cert_chain",
            try write("chain.pem", TestChain.pem(client.certificates[1])), "-key", try write("key.pem", client.key),
        ]
    }

    /// Sends one request by `openssl s_client`, and returns all that it prints.
    func ask(
        _ arguments: [String], at port: Int? = nil, _ head: String = "GET /certificates HTTP/1.1", body: String = ""
    ) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["openssl", "s_client", "-connect", "127.0.0.1:\(port ?? self.port)", "-ign_eof"] + arguments
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        input.fileHandleForWriting.write(
            Data("\(head)\r\nHost: a\r\nConnection: close\r\n\(length)\r\n\(body)".utf8))
        try input.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    func configuration(_ version: TLSVersion? = nil, certificates: [[UInt8]]? = nil) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.client()
        configuration.minimumTLSVersion = version ?? .tlsv12
        configuration.maximumTLSVersion = version
        configuration.certificateChain = try (certificates ?? client.certificates).map {
            .certificate(try NIOSSLCertificate(bytes: $0, format: .der))
        }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(client.key.utf8), format: .pem))
        return configuration
    }
}
