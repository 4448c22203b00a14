import Foundation
import NIOSSL
import TestSupport

/// A test certificate authority, made with the `openssl` program.
struct TestAuthority: Sendable {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        try request("authority", ["-subj", "/CN=Authority"])
    }

    /// The file of authorities for a client.
    var file: String { path("authority.pem") }

    /// Issues a certificate for a server with these names (`DNS:localhost,IP:127.0.0.1`).
    func context(for names: String) throws -> NIOSSLContext {
        try request(
            "server",
            ["-subj", "/CN=server", "-addext", "subjectAltName=\(names)", "-CA", file, "-CAkey", path("authority.key")])
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(path("server.pem")).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: path("server.key"), format: .pem))))
    }

    private func request(_ name: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            [
                "openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-keyout", path("\(name).key"), "-out", path("\(name).pem"),
            ] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Unexpected("openssl created no certificate") }
    }

    private func path(_ name: String) -> String { folder.url.appending(path: name).path() }
}
