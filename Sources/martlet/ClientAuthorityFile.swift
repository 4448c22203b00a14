import Authenticators
import FoundationEssentials
import IdentityProvider
import Logging
import ServiceLifecycle
import Synchronization

/// The PEM file of the authorities whose certificates clients may use (`tls.mutual.client_ca`), read again when it
/// changes.
final class ClientAuthorityFile: Service {
    let path: String
    let authorities: ClientAuthorities
    /// When the first of them expires.
    let expiry: Date
    /// The contents that were last read, valid or not.
    private let seen: Mutex<Data>

    init(_ path: String) throws(InvalidAuthorities) {
        self.path = path
        let contents = try Self.read(path)
        let certificates = try Self.parse(contents, path)
        authorities = ClientAuthorities(TrustAnchors(certificates))
        expiry = certificates.map(\.notAfter).min() ?? .distantFuture
        seen = Mutex(contents)
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(60))) != nil { self.reload() }
        }
    }

    /// Reads the file if it has changed. If it can't be used, logs the error once and keeps the old authorities.
    func reload() {
        do throws(InvalidAuthorities) {
            let contents = try Self.read(path)
            let isNew = seen.withLock { seen in
                defer { seen = contents }
                return seen != contents
            }
            guard isNew else { return }
            authorities.replace(with: TrustAnchors(try Self.parse(contents, path)))
            Logger.current.notice("client certificate authorities reloaded", metadata: ["file": "\(path)"])
        } catch {
            Logger.current.error(
                "the new client certificate authorities cannot be used, keeping the old ones",
                metadata: ["file": "\(path)", "cause": "\(error.reason)"])
        }
    }

    private static func read(_ path: String) throws(InvalidAuthorities) -> Data {
        do { return try Data(contentsOf: URL(filePath: path)) } catch {
            throw InvalidAuthorities(reason: "cannot read the file \(path)")
        }
    }

    private static func parse(_ contents: Data, _ path: String) throws(InvalidAuthorities) -> [X509Certificate] {
        do throws(InvalidCertificate) {
            return try X509Certificate.parse(pem: String(decoding: contents, as: UTF8.self))
        } catch {
            throw InvalidAuthorities(reason: "\(path) is not a PEM file of certificates (\(error.reason))")
        }
    }
}

struct InvalidAuthorities: Error {
    /// Continues a sentence that starts with the setting.
    let reason: String
}
