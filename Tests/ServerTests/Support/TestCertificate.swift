import Foundation
import NIOSSL

@testable import Server

/// A self-signed certificate in its own folder, made with the `openssl` program.
struct TestCertificate {
    private let folder: URL
    private let key: [String]

    /// The key type, in the notation of `openssl req`.
    init(_ name: String, key: [String] = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]) throws {
        self.key = key
        folder = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try renew(as: name)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    var files: ServerSettings.TLS {
        ServerSettings.TLS(certificate: path("certificate.pem"), key: path("key.pem"), reloadInterval: 0.05)
    }

    /// Replaces the certificate and key with new ones.
    func renew(as name: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            [
                "openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey",
            ] + key + [
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                path("key.pem"), "-out", path("certificate.pem"),
            ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    func spoil() throws { try Data("no certificate".utf8).write(to: folder.appending(path: "certificate.pem")) }

    private func path(_ name: String) -> String { folder.appending(path: name).path }
}

extension TLSConfiguration {
    /// The settings of a client that doesn't verify the server.
    static func client(_ protocols: [String] = ["http/1.1"]) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.applicationProtocols = protocols
        return configuration
    }
}
