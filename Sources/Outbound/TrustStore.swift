import IdentityProvider
import NIOPosix
import NIOSSL
import Synchronization

/// The TLS configuration for each set of authorities. Certificates are read on a thread that may block, and cached for
/// an hour, so that a renewed file is noticed.
final class TrustStore: Sendable {
    private struct Loaded {
        let configuration: TLSConfiguration
        let expiresAt: ContinuousClock.Instant
    }

    private let loaded = Mutex<[FetchPolicy.Authorities: Loaded]>([:])

    /// Throws `FetchError.unreadableAuthorities`, or `CancellationError`.
    func configuration(for authorities: FetchPolicy.Authorities) async throws -> TLSConfiguration {
        if let known = loaded.withLock({ $0[authorities] }), known.expiresAt > .now { return known.configuration }
        let roots = try await NIOThreadPool.singleton.runIfActive { try Self.roots(authorities) }
        var configuration = TLSConfiguration.makeClientConfiguration()
        // RFC 9325 §3.1.1.
        configuration.minimumTLSVersion = .tlsv12
        configuration.trustRoots = roots
        let fresh = Loaded(configuration: configuration, expiresAt: .now + .seconds(3_600))
        loaded.withLock { $0[authorities] = fresh }
        return configuration
    }

    private static func roots(_ authorities: FetchPolicy.Authorities) throws -> NIOSSLTrustRoots {
        switch authorities {
        case .file(let path):
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
                throw FetchError.unreadableAuthorities(file: path)
            }
            return .certificates(certificates)
        case .system:
            // Parsed here: with `.default`, every connection would read the file again.
            for path in systemFiles {
                if let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty {
                    return .certificates(certificates)
                }
            }
            return .default
        }
    }

    /// The files of Debian and its derivatives, and of Fedora.
    private static let systemFiles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
}
