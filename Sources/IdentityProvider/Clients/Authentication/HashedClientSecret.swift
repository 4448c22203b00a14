import Crypto

/// A client secret that is registered by its hash (`client_secret_digest`). What is stored is the keyed digest of the
/// hash, under a label of its own: the hash itself, which anyone may read in a resource file, is never accepted as the
/// secret.
package enum HashedClientSecret: RenewablyDigested {
    package static let digestLabel = "Client SHA-256"
    package static let digestColumn = DigestColumn.client

    /// Parses a `client_secret_digest`. Throws unless it is `sha256:` with 64 lowercase hexadecimal digits.
    static func checked(_ text: String) throws(InvalidValue) -> String {
        guard text.wholeMatch(of: /sha256:[0-9a-f]{64}/) != nil else {
            throw InvalidValue(
                "must be sha256: followed by 64 lowercase hexadecimal digits, the SHA-256 of the secret; see "
                    + "docs/configuration.md")
        }
        return text
    }

    /// Returns `sha256:` and the hash in hexadecimal, the form of `client_secret_digest`.
    static func text(of secret: String) -> String {
        "sha256:" + SHA256.hash(data: Array(secret.utf8)).map(hexadecimal).joined()
    }

    private static func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

extension SecretDigest<Client> {
    /// The same stored digest, read as that of a hash.
    var ofHash: SecretDigest<HashedClientSecret> { SecretDigest<HashedClientSecret>(bytes: bytes) }
}
