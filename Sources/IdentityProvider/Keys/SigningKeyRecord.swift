package import FoundationEssentials
package import JOSE

/// A signing key as stored, its private key sealed.
package struct SigningKeyRecord: Sendable, Hashable {
    /// The `kid`: the thumbprint of the public key (RFC 7638).
    package let id: String
    package let algorithm: SignatureAlgorithm
    /// Counts the keys of one algorithm. Unique for the algorithm, so that only one of many nodes rotates.
    package let number: Int
    package let sealedPrivateKey: [UInt8]
    package let createdAt: Date
    package let signsFrom: Date
    /// The planned end. The key keeps signing until its successor does.
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
    /// Returns all keys by algorithm, then by number.
    func all() async throws -> [SigningKeyRecord]
    /// Returns `false` if another node inserted the key of this algorithm and number first.
    func insert(_ key: SigningKeyRecord) async throws -> Bool
    func update(_ id: String, signsUntil: Date, publishedUntil: Date) async throws
    func delete(_ id: String) async throws
}
