import Crypto
import Foundation

/// A TLS client certificate and its private key, both in PEM (RFC 8705 §2).
package struct ClientCertificate: Hashable, Sendable, Codable {
    /// The chain, leaf first.
    package let chain: String
    package let key: String

    package init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }

    /// The SHA-256 thumbprint of the leaf, as `x5t#S256` carries it (RFC 8705 §3.1).
    package var thumbprint: String? {
        let lines = chain.split(whereSeparator: \.isNewline)
        guard let first = lines.firstIndex(of: "-----BEGIN CERTIFICATE-----"),
            let last = lines.firstIndex(of: "-----END CERTIFICATE-----"), first < last,
            let leaf = Data(base64Encoded: lines[(first + 1)..<last].joined())
        else { return nil }
        return Base64URL.encode(SHA256.hash(data: leaf))
    }
}
