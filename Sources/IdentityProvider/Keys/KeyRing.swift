import Crypto
import FoundationEssentials
package import JOSE

/// The signing keys now valid, in memory: next, current and retiring ones of each algorithm.
package actor KeyRing {
    /// What an issuer signs with from its first start.
    package static let algorithms: [SignatureAlgorithm] = [.es256, .rs256]

    /// The JWK Set as it is served.
    struct Publication: Sendable {
        let keys: JWKSet
        let body: [UInt8]
        /// A strong validator, in quotes (RFC 9110 §8.8.3).
        let entityTag: String
    }

    private let issuer: Issuer
    private let store: any KeyStore
    private let sealer: Sealer
    private let now: @Sendable () -> Date
    private var keys: [SigningKey] = []
    private(set) var publication: Publication

    init(issuer: Issuer, store: any KeyStore, sealer: Sealer, now: @escaping @Sendable () -> Date) {
        self.issuer = issuer
        self.store = store
        self.sealer = sealer
        self.now = now
        publication = Publication([])
    }

    /// Reads the keys again. Those already open are kept: opening costs more than comparing.
    func reload() async throws {
        let records = try await store.all()
        let known = Dictionary(keys.map { ($0.record.id, $0) }) { first, _ in first }
        keys = try records.map { record in
            if let key = known[record.id], key.record == record { return key }
            return try SigningKey(record, sealer: sealer)
        }
        publish()
    }

    /// The key that signs now. Throws `NoSigningKey` before the first key is made.
    func signer(for algorithm: SignatureAlgorithm) throws -> any Signer {
        let records = keys.map(\.record).filter { $0.algorithm == algorithm }
        guard let current = KeyPlan.current(records, at: now()),
            let key = keys.first(where: { $0.record.id == current.id })
        else { throw NoSigningKey(algorithm: algorithm) }
        return key.signer
    }

    /// What verifies our own tokens.
    var verificationKeys: JWKSet { publication.keys }

    private func publish() {
        let moment = now()
        let published = keys.filter { key in
            key.record.publishedUntil > moment || isNewest(key.record)
        }
        publication = Publication(published.map(\.publicKey))
        for algorithm in Self.algorithms {
            let records = keys.map(\.record).filter { $0.algorithm == algorithm }
            if let current = KeyPlan.current(records, at: moment) {
                Measurements.note(current, of: issuer.identifier)
            }
        }
    }

    private func isNewest(_ record: SigningKeyRecord) -> Bool {
        !keys.contains { $0.record.algorithm == record.algorithm && $0.record.number > record.number }
    }
}

extension KeyRing.Publication {
    fileprivate init(_ keys: [JWK]) {
        self.keys = JWKSet(keys: keys)
        body = self.keys.object.serialized()
        entityTag = "\"\(Base64URL.encode(Array(SHA256.hash(data: body).prefix(12))))\""
    }
}

/// There is no key of this algorithm yet.
struct NoSigningKey: Error {
    let algorithm: SignatureAlgorithm
}
