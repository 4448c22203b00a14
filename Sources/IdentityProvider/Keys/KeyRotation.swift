import FoundationEssentials
package import JOSE
import Logging

/// Creates, rotates and deletes signing keys. The store accepts each key number once, so only one node does each step.
package struct KeyRotation: Sendable {
    private let dataKeys: DataKeyRotation
    private let store: any KeyStore
    private let ring: KeyRing
    private let maker: SigningKeyMaker
    private let schedule: KeyRotationSchedule
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    package init(_ core: Core) {
        dataKeys = DataKeyRotation(vault: core.vault, audit: core.audit)
        store = core.stores.keys
        ring = core.keys
        schedule = core.settings.keyRotation
        maker = SigningKeyMaker(sealer: core.sealer, schedule: schedule)
        audit = core.audit
        now = core.now
    }

    /// Does what is due for every algorithm, then reloads the ring.
    package func run() async throws {
        try await dataKeys.run()
        let keys = try await store.all()
        for algorithm in Self.algorithms(of: keys) {
            let plan = KeyPlan(keys.filter { $0.algorithm == algorithm }, schedule: schedule, at: now())
            if let birth = plan.birth { try await make(algorithm, birth, after: keys) }
            for id in plan.expired { try await store.delete(id) }
        }
        try await ring.reload()
    }

    /// Returns the standard algorithms, and those for which a key was needed.
    package func algorithmsInUse() async throws -> [SignatureAlgorithm] {
        Self.algorithms(of: try await store.all())
    }

    private static func algorithms(of keys: [SigningKeyRecord]) -> [SignatureAlgorithm] {
        KeyRing.algorithms.filter { algorithm in
            KeyRing.standardAlgorithms.contains(algorithm) || keys.contains { $0.algorithm == algorithm }
        }
    }

    /// Creates the first keys of those of `algorithms` that have none. Other nodes find them when they reload the ring.
    func provide(_ algorithms: Set<SignatureAlgorithm>) async throws {
        guard !algorithms.isEmpty else { return }
        let keys = try await store.all()
        for algorithm in algorithms where !keys.contains(where: { $0.algorithm == algorithm }) {
            try await make(algorithm, KeyPlan.Birth(number: 1, signsFrom: now()), after: keys)
        }
        try await ring.reload()
    }

    /// Creates the next key of `algorithm` now. The key signs once it has been published long enough, or at once if
    /// `immediately`. In that case, verifiers that cached the JWK Set refuse its tokens until they fetch the set again.
    package func rotate(_ algorithm: SignatureAlgorithm, immediately: Bool) async throws {
        let keys = try await store.all()
        let newest = keys.filter { $0.algorithm == algorithm }.map(\.number).max() ?? 0
        let delay = immediately ? 0 : schedule.publishedBefore
        let birth = KeyPlan.Birth(number: newest + 1, signsFrom: now().addingTimeInterval(delay))
        try await make(algorithm, birth, after: keys)
        try await ring.reload()
    }

    /// Withdraws a key that must no longer be trusted: everything it signed is refused from now on. If it was the
    /// signing key, creates another one that signs at once. Returns `false` if the key does not exist.
    package func retire(_ id: String) async throws -> Bool {
        let keys = try await store.all()
        guard let key = keys.first(where: { $0.id == id }) else { return false }
        let others = keys.filter { $0.algorithm == key.algorithm && $0.id != id }
        if !others.contains(where: { $0.signsFrom <= now() && $0.number > key.number }) {
            try await rotate(key.algorithm, immediately: true)
        }
        try await store.delete(id)
        audit.record(.keyRetired(id: id))
        try await ring.reload()
        return true
    }

    /// Withdraws every key and signs with new ones at once, so that nothing signed before a compromise is accepted.
    package func replaceAll() async throws {
        let former = try await store.all()
        for algorithm in Self.algorithms(of: former) { try await rotate(algorithm, immediately: true) }
        for key in former {
            try await store.delete(key.id)
            audit.record(.keyRetired(id: key.id))
        }
        try await ring.reload()
    }

    private func make(_ algorithm: SignatureAlgorithm, _ birth: KeyPlan.Birth, after keys: [SigningKeyRecord])
        async throws
    {
        let key = try await maker.make(algorithm, number: birth.number, signsFrom: birth.signsFrom, at: now())
        guard try await store.insert(key) else { return }
        Logger.current.notice(
            "signing key created", metadata: ["kid": "\(key.id)", "alg": "\(algorithm.rawValue)"])
        audit.record(.keyMade(id: key.id, algorithm: algorithm.rawValue))
        let former = keys.filter { $0.algorithm == algorithm && $0.number == birth.number - 1 }
        for key in former {
            try await store.update(
                key.id, signsUntil: birth.signsFrom,
                publishedUntil: birth.signsFrom.addingTimeInterval(schedule.publishedAfter))
        }
    }
}
