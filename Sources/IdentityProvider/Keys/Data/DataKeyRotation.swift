import FoundationEssentials
import Logging

/// Maintains the data keys of one issuer: creates the first keys of a new issuer, rotates transit keys in time, and
/// deletes keys that are no longer needed.
package struct DataKeyRotation: Sendable {
    let vault: KeyVault
    let audit: AuditLog

    /// Does what is due. In a cluster, only one node does each step.
    func run() async throws {
        try await vault.load()
        if vault.isAdopted { try await establish() }
        try await rotateTransitKey()
        try await deleteExpired()
    }

    /// Creates the first keys of an issuer that has never stored anything. An issuer that predates data keys gets them
    /// from `martlet key master rotate`, once every node can read them.
    private func establish() async throws {
        let keys = DataKeyPlan.successors(of: vault, usedFrom: vault.now())
        let masterKeys = vault.masterKeys
        let isOurs = try await vault.store.establish(
            keys.map { try masterKeys.wrap($0, of: vault.issuer) }, isNew: true)
        if isOurs { keys.forEach(record) }
        // Another node may have created them first.
        try await vault.load()
    }

    private func rotateTransitKey() async throws {
        guard DataKeyPlan.isTransitKeyDue(vault.keys(.transit), at: vault.now()) else { return }
        try await add(.transit)
    }

    /// Creates the next key of a class, which is used a few seconds later, when every node has loaded it. Returns `nil`
    /// if another node created it first, or wraps keys under another master key by now.
    @discardableResult
    func add(_ keyClass: DataKeyClass) async throws -> DataKey? {
        let start = vault.now().addingTimeInterval(DataKeyPlan.lead)
        let key = DataKeyPlan.successors(of: vault, [keyClass], usedFrom: start)[0]
        let isOurs = try await vault.store.insert(vault.masterKeys.wrap(key, of: vault.issuer))
        if isOurs { record(key) }
        try await vault.load()
        return isOurs ? key : nil
    }

    private func deleteExpired() async throws {
        var isChanged = false
        for keyClass in [.transit, .form, .cookie] as [DataKeyClass] {
            let lifetime = keyClass.tokenLifetime(vault.lifetimes)
            for key in DataKeyPlan.expired(vault.keys(keyClass), longest: lifetime, at: vault.now()) {
                try await vault.store.delete(keyClass.rawValue, number: key.number)
                isChanged = true
            }
        }
        if isChanged { try await vault.load() }
    }

    private func record(_ key: DataKey) {
        Logger.current.notice(
            "data key created", metadata: ["class": "\(key.keyClass.rawValue)", "number": "\(key.number)"])
        audit.record(.dataKeyMade(keyClass: key.keyClass, number: key.number))
    }
}
