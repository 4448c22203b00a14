import Foundation
import Synchronization

/// A private mail server for tests, on a loopback port. It ends with the process that started it.
package final class SMTPServer: Sendable {
    package let port: Int
    private let folder: Folder
    private let process: Mutex<(Process, lifeline: Pipe)?>

    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../Servers/smtp").standardizedFileURL

    /// A received email.
    package struct Received: Sendable {
        package let recipients: [String]
        package let isEncrypted: Bool
        package let isAuthenticated: Bool
        /// The raw message.
        package let text: String

        package func header(_ name: String) -> String? {
            let head = text.components(separatedBy: "\r\n\r\n")[0].replacing("\r\n ", with: " ")
            return head.components(separatedBy: "\r\n").first { $0.hasPrefix("\(name): ") }
                .map { String($0.dropFirst(name.count + 2)) }
        }

        /// Returns the decoded text of a part: the text (0) or the HTML (1).
        package func part(_ index: Int) -> String {
            let parts = text.components(separatedBy: "quoted-printable\r\n\r\n")
            guard parts.count > index + 1 else { return "" }
            let body = parts[index + 1].components(separatedBy: "\r\n--=_")[0].replacing("=\r\n", with: "")
            var bytes: [UInt8] = []
            var rest = Array(body.utf8)[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "=") else {
                    bytes.append(byte)
                    continue
                }
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        /// The link in the text part.
        package var link: String? { part(0).firstMatch(of: /https?:\/\/\S+[?]link=\S+/).map { String($0.0) } }
    }

    /// Starts the server with further `options`: `tls=starttls`, `user=…`. With TLS, it has a `certificate`.
    package init(_ options: [String] = [], port: Int? = nil) throws {
        self.port = try port ?? freePort()
        folder = try Folder()
        process = Mutex(nil)
        if options.contains(where: { $0.hasPrefix("tls=") }) { try makeCertificate() }
        try start(options)
    }

    deinit { stop() }

    package var certificate: String { folder.url.appending(path: "certificate.pem").path() }

    package func start(_ options: [String] = []) throws {
        let ready = folder.url.appending(path: "ready")
        try? FileManager.default.removeItem(at: ready)
        let (process, lifeline) = (Process(), Pipe())
        process.executableURL = Self.script
        process.arguments = [folder.url.path(), String(port)] + options
        process.standardInput = lifeline
        try process.run()
        self.process.withLock { $0 = (process, lifeline) }
        let deadline = ContinuousClock.now + .seconds(60)
        while !FileManager.default.fileExists(atPath: ready.path()) {
            guard process.isRunning, ContinuousClock.now < deadline else {
                throw Unexpected("the mail server did not start: is python3-aiosmtpd installed?")
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    package func stop() {
        guard let (process, lifeline) = process.withLock(\.self) else { return }
        self.process.withLock { $0 = nil }
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Returns all received emails in order.
    package func received() throws -> [Received] {
        try FileManager.default.contentsOfDirectory(atPath: folder.url.path()).filter { $0.hasSuffix(".eml") }.sorted()
            .map { name in
                let text = String(
                    decoding: try Data(contentsOf: folder.url.appending(path: name)), as: UTF8.self)
                let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
                let about = try json(String(parts[0]))
                return Received(
                    recipients: about["to"] as? [String] ?? [], isEncrypted: about["tls"] as? Bool ?? false,
                    isAuthenticated: about["authenticated"] as? Bool ?? false, text: String(parts[1]))
            }
    }

    /// Waits until `recipient` has `count` emails and returns the last one.
    package func mail(to recipient: String, count: Int = 1) async throws -> Received {
        func found() throws -> [Received] { try received().filter { $0.recipients == [recipient] } }
        try await until("mail to \(recipient) arrived") { try found().count >= count }
        return try found()[count - 1]
    }

    private func makeCertificate() throws {
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/openssl")
        openssl.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj",
            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
            folder.url.appending(path: "key.pem").path(), "-out", certificate,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        guard openssl.terminationStatus == 0 else { throw Unexpected("openssl created no certificate") }
    }
}
