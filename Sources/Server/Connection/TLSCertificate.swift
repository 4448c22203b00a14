import FoundationEssentials
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// The certificate that new connections get: read from files, and read again when they change.
final class TLSCertificate: Sendable {
    private struct Files: Equatable {
        let certificate: Data
        let key: Data
    }

    private struct State {
        var context: NIOSSLContext
        /// What was read last, be it good or bad.
        var seen: Files
    }

    private let settings: ServerSettings.TLS
    private let state: Mutex<State>

    /// Throws `InvalidCertificate` when the files cannot be used.
    init(_ settings: ServerSettings.TLS) throws(InvalidCertificate) {
        self.settings = settings
        let files = try Self.read(settings)
        let context = try Self.context(files, settings)
        state = Mutex(State(context: context, seen: files))
    }

    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Looks at the files from time to time, until its task is cancelled.
    func watch() async {
        while (try? await Task.sleep(for: .seconds(settings.reloadInterval))) != nil { reload() }
    }

    /// Takes files that have changed. Those that cannot be used are told of once, and the old certificate stays.
    func reload() {
        do {
            let files = try Self.read(settings)
            let isNew = state.withLock { state in
                defer { state.seen = files }
                return state.seen != files
            }
            guard isNew else { return }
            let context = try Self.context(files, settings)
            state.withLock { $0.context = context }
            Logger.current.notice("the certificate was renewed", metadata: ["file": "\(settings.certificate)"])
        } catch {
            Logger.current.error(
                "the new certificate cannot be used, the old one stays",
                metadata: ["file": "\(error.file)", "cause": "\(error.reason)"])
        }
    }

    /// TLS 1.2 with forward secrecy and AEAD only (RFC 9325 §4.1, §4.2); TLS 1.3 has nothing else.
    private static let cipherSuites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    private static func read(_ settings: ServerSettings.TLS) throws(InvalidCertificate) -> Files {
        func contents(_ path: String) throws(InvalidCertificate) -> Data {
            do { return try Data(contentsOf: URL(filePath: path)) } catch {
                throw InvalidCertificate(file: path, reason: "cannot be read")
            }
        }
        return Files(certificate: try contents(settings.certificate), key: try contents(settings.key))
    }

    private static func context(
        _ files: Files, _ settings: ServerSettings.TLS
    ) throws(InvalidCertificate) -> NIOSSLContext {
        func reading<Value>(_ file: String, _ body: () throws -> Value) throws(InvalidCertificate) -> Value {
            do { return try body() } catch { throw InvalidCertificate(file: file, reason: "\(error)") }
        }
        let chain = try reading(settings.certificate) { try NIOSSLCertificate.fromPEMBytes(Array(files.certificate)) }
        let key = try reading(settings.key) { try NIOSSLPrivateKey(bytes: Array(files.key), format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        // RFC 9325 §3.1.1.
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = cipherSuites
        configuration.applicationProtocols = ["h2", "http/1.1"]
        // A peer that does not say goodbye must not hold up the end.
        configuration.shutdownTimeout = .milliseconds(500)
        // Fails when the key does not belong to the certificate.
        return try reading(settings.key) { try NIOSSLContext(configuration: configuration) }
    }
}

/// A certificate or key that cannot be used.
package struct InvalidCertificate: Error {
    package let file: String
    package let reason: String
}
