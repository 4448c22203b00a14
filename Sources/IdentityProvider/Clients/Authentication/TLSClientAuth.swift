import Authenticators
import FoundationEssentials

/// A certificate with the registered subject, issued by a trusted authority (RFC 8705 §2.1).
struct TLSClientAuth: ClientAuthenticationMethod {
    static let name = "tls_client_auth"
    private let mutualTLS: MutualTLS?
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        mutualTLS = core.settings.mutualTLS
        now = core.now
    }

    static func isOffered(with mutualTLS: MutualTLS?) -> Bool { mutualTLS?.trustAnchors != nil }

    func verify(_ credential: NoCredential, of client: Client, in request: Request) async throws(ClientRefusal) {
        guard let authorities = mutualTLS?.trustAnchors else { throw .noAuthorities }
        let certificate = try PresentedCertificate(request)
        // Before the path, so that most strangers cost no signature verification.
        guard client.certificateSubject?.matches(certificate.leaf) == true else {
            throw .otherSubject(certificate.leaf.subject)
        }
        let intermediates = try certificate.intermediates()
        // For each request: a connection may outlive the certificate, and a resumed TLS session keeps it.
        do throws(UntrustedChain) {
            try await authorities.verify(
                certificate.leaf, intermediates: intermediates, at: now(),
                under: ChainPolicy(for: .clientAuthentication))
        } catch { throw .untrustedCertificate(error) }
    }
}

extension ClientRefusal {
    static let noAuthorities = ClientRefusal(
        name: "no_authorities", sentence: "tls_client_auth needs the setting tls.mutual.client_ca.")

    static func otherSubject(_ subject: String) -> ClientRefusal {
        ClientRefusal(
            name: "other_subject",
            sentence: """
                the client certificate has none of the names that are registered for the client (RFC 8705 §2.1.2). Its \
                subject is \(SentText(subject)).
                """)
    }

    static func untrustedCertificate(_ cause: UntrustedChain?) -> ClientRefusal {
        ClientRefusal(
            name: "untrusted_certificate",
            sentence: """
                no path leads from the client certificate to an authority of tls.mutual.client_ca\
                \(cause.map { ": \(SentText($0.reason))" } ?? ", or the chain is too long").
                """)
    }
}
