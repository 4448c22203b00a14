import Authenticators

/// The certificate that a client presented with a request. Its key is the client's: the TLS connection, here or at a
/// trusted proxy, proved that. Nothing else is verified.
struct PresentedCertificate: Sendable {
    let leaf: X509Certificate
    private let others: ArraySlice<[UInt8]>

    /// In bytes. The certificates of RSA keys with many names have about 4,000.
    private static let maximumSize = 16_384

    init(_ request: Request) throws(ClientRefusal) {
        guard let first = request.certificates.first else { throw .noCertificate }
        leaf = try Self.parse(first)
        others = request.certificates.dropFirst()
    }

    /// Parses the rest of the chain, which may contain the root.
    func intermediates() throws(ClientRefusal) -> [X509Certificate] {
        guard others.count <= TrustAnchors.maximumIntermediates else { throw .untrustedCertificate(nil) }
        var certificates: [X509Certificate] = []
        for der in others { certificates.append(try Self.parse(der)) }
        return certificates
    }

    private static func parse(_ der: [UInt8]) throws(ClientRefusal) -> X509Certificate {
        guard der.count <= maximumSize else { throw .invalidCertificate(nil) }
        do { return try X509Certificate(der: der) } catch { throw .invalidCertificate(error) }
    }
}

extension ClientRefusal {
    static let noCertificate = ClientRefusal(
        name: "no_certificate",
        sentence: """
            the request came without a client certificate. Clients present it at the URLs of mtls_endpoint_aliases \
            (RFC 8705 §5).
            """)

    static func invalidCertificate(_ cause: InvalidCertificate?) -> ClientRefusal {
        ClientRefusal(
            name: "invalid_certificate",
            sentence: "the client certificate is malformed, too long, or of an unknown kind.",
            cause: cause)
    }
}
