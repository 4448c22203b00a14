import FoundationEssentials
package import JOSE
import Synchronization

/// The valid signing keys in memory: next, current and retiring ones of each algorithm. Not an actor, because every
/// token is signed with one of them, and event loops must not wait for each other to read it (docs/decisions/0010).
package final class KeyRing: Sendable {
    /// The algorithms that clients and resource servers can register.
    package static let algorithms: [SignatureAlgorithm] = [.es256, .rs256, .ps256, .ed25519, .es384, .ps384]
    /// The algorithms for which every issuer has keys. Those of the others are made when they are first needed.
    static let standardAlgorithms: [SignatureAlgorithm] = [.es256, .rs256]

    /// Parses the name of one of `algorithms` in a resource file.
    static func algorithm(registered text: String) throws(InvalidValue) -> SignatureAlgorithm {
        let algorithm = SignatureAlgorithm(rawValue: text)
        guard algorithms.contains(algorithm) else {
            throw InvalidValue("must be one of \(algorithms.map(\.rawValue).joined(separator: ", "))")
        }
        return algorithm
    }

    /// The JWK Set as served.
    struct Publication: Sendable {
        let keys: JWKSet
        let body: [UInt8]
        let entityTag: EntityTag
    }

    private struct State {
        var keys: [SigningKey] = []
        var publication = Publication([])
    }

    private let issuer: Issuer
    private let store: any KeyStore
    private let sealer: Sealer
    private let now: @Sendable () -> Date
    private let state = Mutex(State())

    init(issuer: Issuer, store: any KeyStore, sealer: Sealer, now: @escaping @Sendable () -> Date) {
        self.issuer = issuer
        self.store = store
        self.sealer = sealer
        self.now = now
    }

    /// Reloads the keys. Keys that are already open are reused, because comparing is cheaper than opening.
    func reload() async throws {
        let records = try await store.all()
        let known = Dictionary(state.withLock(\.keys).map { ($0.record.id, $0) }) { first, _ in first }
        let keys = try records.map { record in
            if let key = known[record.id], key.record == record { return key }
            return try SigningKey(record, sealer: sealer)
        }
        let publication = publication(of: keys)
        state.withLock { $0 = State(keys: keys, publication: publication) }
    }

    /// Returns the signer of the current key. Throws `NoSigningKey` before the first key exists.
    func signer(for algorithm: SignatureAlgorithm) throws -> any Signer {
        let keys = state.withLock(\.keys)
        let records = keys.map(\.record).filter { $0.algorithm == algorithm }
        guard let current = KeyPlan.current(records, at: now()),
            let key = keys.first(where: { $0.record.id == current.id })
        else { throw NoSigningKey(algorithm: algorithm) }
        return key.signer
    }

    var publication: Publication { state.withLock(\.publication) }

    /// The keys that verify our own tokens.
    var verificationKeys: JWKSet { publication.keys }

    private func publication(of keys: [SigningKey]) -> Publication {
        let moment = now()
        for algorithm in Self.algorithms {
            let records = keys.map(\.record).filter { $0.algorithm == algorithm }
            if let current = KeyPlan.current(records, at: moment) {
                Measurements.note(current, of: issuer.identifier)
            }
        }
        let published = keys.filter { key in
            key.record.publishedUntil > moment
                || !keys.contains {
                    $0.record.algorithm == key.record.algorithm && $0.record.number > key.record.number
                }
        }
        return Publication(published.map(\.publicKey))
    }
}

extension KeyRing.Publication {
    fileprivate init(_ keys: [JWK]) {
        self.keys = JWKSet(keys: keys)
        body = self.keys.object.serialized()
        entityTag = EntityTag(of: body)
    }
}

/// No key of this algorithm exists yet.
struct NoSigningKey: Error {
    let algorithm: SignatureAlgorithm
}
