package import FoundationEssentials
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// The certificate for new connections, loaded from files and reloaded when they change.
final class TLSCertificate: Sendable {
    private struct Files: Equatable {
        let certificate: Data
        let key: Data
    }

    private struct State {
        var context: NIOSSLContext
        /// The files that were last read, valid or not.
        var seen: Files
    }

    private let settings: ServerSettings.TLS
    private let asksClients: Bool
    private let state: Mutex<State>

    /// Throws `InvalidCertificate` if the files cannot be used.
    convenience init(_ settings: ServerSettings.TLS) throws(InvalidCertificate) {
        try self.init(settings, asksClients: false)
    }

    /// Returns the same certificate for a listener that asks each client for its own, which it may leave out.
    func askingClients() throws(InvalidCertificate) -> TLSCertificate {
        try TLSCertificate(settings, asksClients: true)
    }

    private init(_ settings: ServerSettings.TLS, asksClients: Bool) throws(InvalidCertificate) {
        self.settings = settings
        self.asksClients = asksClients
        let files = try Self.read(settings)
        let context = try Self.context(files, settings, asksClients: asksClients)
        state = Mutex(State(context: context, seen: files))
    }

    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Checks the files periodically until its task is canceled.
    func watch() async {
        while (try? await Task.sleep(for: .seconds(settings.reloadInterval))) != nil { reload() }
    }

    /// Loads the files if they have changed. If they cannot be used, logs the error once and keeps the old certificate.
    func reload() {
        do {
            let files = try Self.read(settings)
            let isNew = state.withLock { state in
                defer { state.seen = files }
                return state.seen != files
            }
            guard isNew else { return }
            let context = try Self.context(files, settings, asksClients: asksClients)
            state.withLock { $0.context = context }
            Logger.current.notice("certificate reloaded", metadata: ["file": "\(settings.certificate)"])
        } catch {
            Logger.current.error(
                "the new certificate cannot be used, keeping the old one",
                metadata: ["file": "\(error.file)", "cause": "\(error.reason)"])
        }
    }

    /// The cipher suites of TLS 1.2: those that RFC 9325 §4.2 recommends, because FAPI permits no others (FAPI 2.0
    /// Security Profile §5.2.2). TLS 1.3 has its own.
    private static let cipherSuites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ]

    /// The signatures by which clients prove that they have the key of their certificate: none with SHA-1, which the
    /// library would accept in TLS 1.2 (RFC 9155 §2).
    private static let clientSignatures: [SignatureAlgorithm] = [
        .ecdsaSecp256R1Sha256, .ed25519, .ecdsaSecp384R1Sha384, .ecdsaSecp521R1Sha512, .rsaPssRsaeSha256,
        .rsaPssRsaeSha384, .rsaPssRsaeSha512, .rsaPkcs1Sha256, .rsaPkcs1Sha384, .rsaPkcs1Sha512,
    ]

    /// Loads the files, and returns when the first certificate of the chain expires.
    static func expiry(of settings: ServerSettings.TLS) throws(InvalidCertificate) -> Date {
        let files = try read(settings)
        _ = try context(files, settings)
        guard let certificate = try chain(files, settings).first else {
            throw InvalidCertificate(file: settings.certificate, reason: "has no certificate")
        }
        return Date(timeIntervalSince1970: TimeInterval(certificate.notValidAfter))
    }

    private static func read(_ settings: ServerSettings.TLS) throws(InvalidCertificate) -> Files {
        func contents(_ path: String) throws(InvalidCertificate) -> Data {
            do { return try Data(contentsOf: URL(filePath: path)) } catch {
                throw InvalidCertificate(file: path, reason: "cannot be read")
            }
        }
        return Files(certificate: try contents(settings.certificate), key: try contents(settings.key))
    }

    private static func context(
        _ files: Files, _ settings: ServerSettings.TLS, asksClients: Bool = false
    ) throws(InvalidCertificate) -> NIOSSLContext {
        let chain = try chain(files, settings)
        let key = try reading(settings.key) { try NIOSSLPrivateKey(bytes: Array(files.key), format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        // RFC 9325 §3.1.1.
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = cipherSuites
        configuration.applicationProtocols = ["h2", "http/1.1"]
        if asksClients {
            configuration.certificateVerification = .optionalVerification
            // The chain is verified for each request, against other authorities.
            configuration.trustRoots = .certificates([])
            configuration.verifySignatureAlgorithms = clientSignatures
        }
        // A peer that does not close TLS properly must not delay the shutdown.
        configuration.shutdownTimeout = .milliseconds(500)
        // Fails if the key does not belong to the certificate.
        return try reading(settings.key) { try NIOSSLContext(configuration: configuration) }
    }

    private static func chain(
        _ files: Files, _ settings: ServerSettings.TLS
    ) throws(InvalidCertificate) -> [NIOSSLCertificate] {
        try reading(settings.certificate) { try NIOSSLCertificate.fromPEMBytes(Array(files.certificate)) }
    }

    private static func reading<Value>(
        _ file: String, _ body: () throws -> Value
    ) throws(InvalidCertificate) -> Value {
        do { return try body() } catch { throw InvalidCertificate(file: file, reason: "\(error)") }
    }
}

/// A certificate or key that cannot be used.
package struct InvalidCertificate: Error {
    package let file: String
    package let reason: String
}

extension ServerSettings.TLS {
    /// Loads the files as a start does, and returns when the certificate expires. Throws `InvalidCertificate`.
    package func check() throws(InvalidCertificate) -> Date { try TLSCertificate.expiry(of: self) }
}
