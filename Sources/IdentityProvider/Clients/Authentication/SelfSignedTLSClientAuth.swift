import Authenticators
import JOSE

/// A certificate that the client registered in its JWK Set (RFC 8705 §2.2). Nobody vouches for it, so the registration
/// alone decides how long it is valid: its own dates, like the rest of its chain, are not checked.
struct SelfSignedTLSClientAuth: ClientAuthenticationMethod {
    static let name = "self_signed_tls_client_auth"
    static let needsKeys = true
    private let keys: ClientKeys

    init(_ core: Core) { keys = ClientKeys(core) }

    static func isOffered(with mutualTLS: MutualTLS?) -> Bool { mutualTLS != nil }

    func verify(_ credential: NoCredential, of client: Client, in request: Request) async throws(ClientRefusal) {
        let certificate = try PresentedCertificate(request).leaf
        do {
            try await keys.verify(of: client) { keys in
                // Keys at `jwks_uri` are fetched again for a certificate that is not among them.
                guard keys.keys.contains(where: certificate.isRegistered) else { throw JWTError.unknownKey }
            }
        } catch { throw .unregisteredCertificate(error) }
    }
}

extension X509Certificate {
    /// Returns whether a client registered the certificate with `key`: by itself if the key has an `x5c`, otherwise by
    /// its public key (RFC 8705 §2.2.2).
    fileprivate func isRegistered(with key: JWK) -> Bool {
        guard key.use != "enc", isFor(key) else { return false }
        return key.certificate.map { $0 == der } ?? true
    }
}

extension ClientRefusal {
    static func unregisteredCertificate(_ cause: any Error) -> ClientRefusal {
        ClientRefusal(
            name: "unregistered_certificate",
            sentence: "neither the client certificate nor its key is among the client's keys (RFC 8705 §2.2.2).",
            cause: cause)
    }
}
