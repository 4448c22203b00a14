import NIOSSL

/// The TLS parameters that a probe offers to find out what a server accepts.
package struct TLSOffer: Hashable, Sendable {
    /// In words, for findings.
    package let name: String
    let version: TLSVersion
    /// The cipher suites up to TLS 1.2. Empty for the usual ones.
    let suites: [NIOTLSCipher]

    private init(_ name: String, _ version: TLSVersion, _ suites: [NIOTLSCipher] = []) {
        self.name = name
        self.version = version
        self.suites = suites
    }

    package static let tls10 = TLSOffer("TLS 1.0", .tlsv1, broken)
    package static let tls11 = TLSOffer("TLS 1.1", .tlsv11, broken)
    package static let tls13 = TLSOffer("TLS 1.3", .tlsv13)

    /// TLS 1.2 with the suites that BCP 195 recommends (RFC 9325 §4.2).
    package static let recommended = TLSOffer(
        "TLS 1.2 with ECDHE and AES-GCM", .tlsv12,
        [
            .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        ])

    /// TLS 1.2 with other suites, without the DHE and export suites, which this program's TLS library lacks.
    package static let others = [
        TLSOffer("TLS 1.2 with CBC", .tlsv12, broken),
        TLSOffer(
            "TLS 1.2 with RSA key exchange", .tlsv12,
            [.TLS_RSA_WITH_AES_128_GCM_SHA256, .TLS_RSA_WITH_AES_256_GCM_SHA384]),
        TLSOffer(
            "TLS 1.2 with ChaCha20-Poly1305", .tlsv12,
            [.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]),
    ]

    private static let broken: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
        .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, .TLS_RSA_WITH_AES_128_CBC_SHA,
        .TLS_RSA_WITH_AES_256_CBC_SHA,
    ]
}
