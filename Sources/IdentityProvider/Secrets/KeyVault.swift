import Crypto
package import FoundationEssentials
import Logging
import Synchronization

/// The unwrapped data keys of one issuer, in memory. Nothing can be sealed or opened until `load` has read them.
///
/// An issuer created before there were data keys has none until its first `martlet key master rotate`. Until then, its
/// master keys are *adopted* in their place, so that nodes of both versions understand each other
/// (docs/decisions/0011).
package final class KeyVault: Sendable {
    private struct State {
        var keys: [DataKeyClass: [DataKey]]?
        var masterKeys: MasterKeys
    }

    let issuer: Issuer
    let store: any DataKeyStore
    let lifetimes: Lifetimes
    let now: @Sendable () -> Date
    private let readMasterKeys: (@Sendable () throws -> MasterKeys)?
    private let state: Mutex<State>

    /// `rereading` reads the master keys again if a data key is wrapped under an unknown one.
    package init(
        _ issuer: Issuer, store: any DataKeyStore, masterKeys: MasterKeys, lifetimes: Lifetimes = Lifetimes(),
        rereading: (@Sendable () throws -> MasterKeys)? = nil, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.issuer = issuer
        self.store = store
        self.lifetimes = lifetimes
        self.now = now
        readMasterKeys = rereading
        state = Mutex(State(masterKeys: masterKeys))
    }

    /// Reads the keys from the store. Throws `UnknownMasterKey` or `DamagedDataKey` and then holds no keys at all: a
    /// node that can't read replaced keys must not continue with the old ones.
    package func load() async throws {
        let records = try await store.all()
        do { try unwrap(records) } catch {
            state.withLock { $0.keys = nil }
            throw error
        }
    }

    /// Replaces the master keys and reads the keys from the store.
    func load(under masterKeys: MasterKeys) async throws {
        state.withLock { $0.masterKeys = masterKeys }
        try await load()
    }

    private func unwrap(_ records: [DataKeyRecord]) throws {
        var masterKeys = state.withLock(\.masterKeys)
        if let readMasterKeys, records.contains(where: { !masterKeys.names.contains($0.masterKey) }) {
            masterKeys = try readMasterKeys()
        }
        let keys =
            records.isEmpty
            ? Self.adopted(masterKeys) : try records.map { try masterKeys.unwrap($0, of: issuer) }
        let sorted = Dictionary(grouping: keys, by: \.keyClass).mapValues { $0.sorted { $0.number < $1.number } }
        state.withLock { state in
            state.keys = sorted
            state.masterKeys = masterKeys
        }
    }

    package func loadIfNeeded() async throws {
        if !isLoaded { try await load() }
    }

    var isLoaded: Bool { state.withLock { $0.keys != nil } }

    package var masterKeys: MasterKeys { state.withLock(\.masterKeys) }

    /// Whether the issuer has no data keys of its own yet, only adopted master keys.
    package var isAdopted: Bool { keys(.rest).allSatisfy { $0.number <= 0 } }

    /// Returns all keys of a class, oldest first.
    func keys(_ keyClass: DataKeyClass) -> [DataKey] { state.withLock { $0.keys?[keyClass] ?? [] } }

    /// Returns the key for new values of the class. Throws if the keys aren't loaded.
    func current(_ keyClass: DataKeyClass) throws(KeysNotLoaded) -> DataKey {
        let (keys, moment) = (keys(keyClass), now())
        guard let key = keys.last(where: { $0.usedFrom <= moment }) ?? keys.first else { throw KeysNotLoaded() }
        return key
    }

    /// Returns the current key for MACs. If no keys are loaded, returns a random key, whose MACs are never accepted.
    func currentOrNone(_ keyClass: DataKeyClass) -> DataKey {
        (try? current(keyClass)) ?? .random(keyClass, number: .max, usedFrom: .distantPast)
    }

    /// Returns the key with this id; `nil` if it doesn't exist or was replaced more than `lifetime` seconds ago.
    func find(_ id: [UInt8], _ keyClass: DataKeyClass, opensFor lifetime: TimeInterval?) -> DataKey? {
        guard let lifetime else { return keys(keyClass).first { $0.id == id } }
        return accepted(keyClass, opensFor: lifetime).first { $0.id == id }
    }

    /// Returns the key that made a MAC, according to the key id in the MAC.
    func maker(of mac: [UInt8], _ keyClass: DataKeyClass) -> DataKey? {
        let keys = keys(keyClass)
        return mac.count > SHA256.byteCount
            ? keys.first { $0.origin == .random && mac.starts(with: $0.id) } : keys.last { $0.origin == .masterKey }
    }

    /// Returns the keys whose MACs are accepted, newest first: those replaced less than `lifetime` seconds ago.
    func accepted(_ keyClass: DataKeyClass, opensFor lifetime: TimeInterval) -> [DataKey] {
        let (keys, moment) = (keys(keyClass), now())
        return keys.indices.reversed().compactMap { index in
            guard let end = Self.end(of: index, in: keys) else { return keys[index] }
            return moment < end.addingTimeInterval(lifetime) ? keys[index] : nil
        }
    }

    /// Returns when a key stopped making new values; `nil` for the newest. Adopted keys all end at the same time.
    static func end(of index: Int, in keys: [DataKey]) -> Date? {
        keys[(index + 1)...].first { $0.number > 0 }?.usedFrom
    }

    /// Returns the master keys as data keys. Sealed values name their key; digests and MACs were made with the oldest.
    /// The oldest also makes new values, because other nodes may not have a key yet that was just added to the file.
    static func adopted(_ masterKeys: MasterKeys) -> [DataKey] {
        DataKeyClass.allCases.flatMap { keyClass in
            let isSealing = keyClass == .transit || keyClass == .rest
            let masters = isSealing ? masterKeys.keys : masterKeys.keys.suffix(1)
            return masters.reversed().enumerated().map { index, master in
                DataKey(
                    keyClass, number: -index, id: master.id, origin: .masterKey, usedFrom: .distantPast,
                    material: master.material)
            }
        }
    }
}

/// The data keys aren't loaded or can't be unwrapped, so nothing can be sealed or opened.
package struct KeysNotLoaded: StorageUnavailable {
    package init() {}
}
