package import FoundationEssentials
package import JOSE

/// A signing key as it is stored: the private part sealed under the master key.
package struct SigningKeyRecord: Sendable, Hashable {
    /// Also the `kid`: the thumbprint of the public key (RFC 7638).
    package let id: String
    package let algorithm: SignatureAlgorithm
    /// Counts the keys of one algorithm; with the algorithm it is unique, so that of many nodes one rotates.
    package let number: Int
    package let sealedPrivateKey: [UInt8]
    package let createdAt: Date
    package let signsFrom: Date
    /// Until its successor signs, it signs on.
    package var signsUntil: Date
    package var publishedUntil: Date

    package init(
        id: String, algorithm: SignatureAlgorithm, number: Int, sealedPrivateKey: [UInt8], createdAt: Date,
        signsFrom: Date, signsUntil: Date, publishedUntil: Date
    ) {
        self.id = id
        self.algorithm = algorithm
        self.number = number
        self.sealedPrivateKey = sealedPrivateKey
        self.createdAt = createdAt
        self.signsFrom = signsFrom
        self.signsUntil = signsUntil
        self.publishedUntil = publishedUntil
    }
}

package protocol KeyStore: Sendable {
    /// By algorithm, then number.
    func all() async throws -> [SigningKeyRecord]
    /// `false` when another node made the key of this algorithm and number first.
    func insert(_ key: SigningKeyRecord) async throws -> Bool
    /// Sets the two ends of a key's life.
    func update(_ id: String, signsUntil: Date, publishedUntil: Date) async throws
    func delete(_ id: String) async throws
}
