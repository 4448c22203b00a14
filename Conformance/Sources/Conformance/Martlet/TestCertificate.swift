import Foundation

/// A certificate for localhost that lives as long as a run.
struct TestCertificate {
    let certificate: String
    private let key: String

    /// Throws `InvalidTarget` when the program `openssl` cannot make one.
    init(in folder: URL) throws {
        certificate = folder.appending(path: "certificate.pem").path(percentEncoded: false)
        key = folder.appending(path: "key.pem").path(percentEncoded: false)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
            "-out", certificate,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw InvalidTarget(reason: "openssl made no certificate") }
    }

    /// For Martlet.
    var arguments: [String] { ["--tls-certificate", certificate, "--tls-key", key] }
}
