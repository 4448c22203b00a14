import Crypto
package import FoundationEssentials
import Logging
import Synchronization

/// The data keys of one issuer, unwrapped, in memory. `load` reads them; until then nothing is sealed or opened.
///
/// An issuer from before there were data keys has none until its first `martlet key master rotate`. Until then its master
/// keys do the work themselves, as they did: so nodes of both versions understand each other (docs/decisions/0011).
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

    /// `rereading` fetches the master keys again when a data key turns up that is wrapped under a new one.
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

    /// Reads the keys again. Throws `UnknownMasterKey` or `DamagedDataKey`; then it has no keys at all: a node that was
    /// left behind when keys were replaced must not go on with the former ones.
    package func load() async throws {
        let records = try await store.all()
        do { try unwrap(records) } catch {
            state.withLock { $0.keys = nil }
            throw error
        }
    }

    /// Reads the keys again, with other master keys from now on.
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

    /// Reads the keys unless that was done.
    package func loadIfNeeded() async throws {
        if !isLoaded { try await load() }
    }

    /// Whether there are keys to work with.
    var isLoaded: Bool { state.withLock { $0.keys != nil } }

    package var masterKeys: MasterKeys { state.withLock(\.masterKeys) }

    /// Whether the master keys still do the work of data keys.
    package var isAdopted: Bool { keys(.rest).allSatisfy { $0.number <= 0 } }

    /// All keys of a class, the oldest first.
    func keys(_ keyClass: DataKeyClass) -> [DataKey] { state.withLock { $0.keys?[keyClass] ?? [] } }

    /// The key that new values of the class are made with. Throws before the keys were read.
    func current(_ keyClass: DataKeyClass) throws(KeysNotLoaded) -> DataKey {
        let (keys, moment) = (keys(keyClass), now())
        guard let key = keys.last(where: { $0.usedFrom <= moment }) ?? keys.first else { throw KeysNotLoaded() }
        return key
    }

    /// As `current`, for MACs: before the keys were read a key of the moment, under which nothing is ever accepted.
    func currentOrNone(_ keyClass: DataKeyClass) -> DataKey {
        (try? current(keyClass)) ?? .random(keyClass, number: .max, usedFrom: .distantPast)
    }

    /// The key of a class that made a value with this id; `nil` when it is gone, or was replaced `lifetime` seconds ago.
    func find(_ id: [UInt8], _ keyClass: DataKeyClass, opensFor lifetime: TimeInterval?) -> DataKey? {
        guard let lifetime else { return keys(keyClass).first { $0.id == id } }
        return accepted(keyClass, opensFor: lifetime).first { $0.id == id }
    }

    /// The key of a class that a MAC says it was made with.
    func maker(of mac: [UInt8], _ keyClass: DataKeyClass) -> DataKey? {
        let keys = keys(keyClass)
        return mac.count > SHA256.byteCount
            ? keys.first { $0.origin == .random && mac.starts(with: $0.id) } : keys.last { $0.origin == .masterKey }
    }

    /// The keys that MACs of a class may have been made with, the current one first.
    func accepted(_ keyClass: DataKeyClass, opensFor lifetime: TimeInterval) -> [DataKey] {
        let (keys, moment) = (keys(keyClass), now())
        return keys.indices.reversed().compactMap { index in
            guard let end = Self.end(of: index, in: keys) else { return keys[index] }
            return moment < end.addingTimeInterval(lifetime) ? keys[index] : nil
        }
    }

    /// When a key stopped making new values; `nil` for the latest. Adopted keys were used side by side: all end together.
    static func end(of index: Int, in keys: [DataKey]) -> Date? {
        keys[(index + 1)...].first { $0.number > 0 }?.usedFrom
    }

    /// The master keys in the place of data keys. Sealed values name the one they are under; digests and MACs were made
    /// with the oldest. The oldest is also the one in use: a key that was just added to the file is not on every node yet.
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

/// The data keys were not read yet, or cannot be unwrapped any more: nothing can be sealed or opened.
package struct KeysNotLoaded: StorageUnavailable {
    package init() {}
}
