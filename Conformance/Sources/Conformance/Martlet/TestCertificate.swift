import Foundation

/// A self-signed certificate for localhost, for one run.
struct TestCertificate {
    let certificate: String
    private let key: String

    /// Creates the certificate with `openssl`. Throws `InvalidTarget` if that fails.
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
        guard process.terminationStatus == 0 else {
            throw InvalidTarget(reason: "openssl did not create a certificate")
        }
    }

    /// The arguments that make Martlet use the certificate.
    var arguments: [String] { ["--tls-certificate", certificate, "--tls-key", key] }
}
