package import FoundationEssentials
import JOSE

/// Replaces the keys of one issuer on behalf of an operator: rewraps them under a new master key, reseals stored
/// values, or replaces every key after a compromise. An interrupted operation can be repeated.
package struct KeyReplacement: Sendable {
    let vault: KeyVault
    let sessionEnd: SessionEnd
    let audit: AuditLog

    /// `stores` must belong to the vault's issuer.
    package init(_ vault: KeyVault, stores: Stores, audit: AuditLog) {
        self.vault = vault
        sessionEnd = SessionEnd(stores, audit: audit, now: vault.now)
        self.audit = audit
    }

    /// Wraps the data keys under the first of `masterKeys`. An issuer that predates data keys gets them now. Values
    /// that its master keys sealed stay readable through wrapped copies of those keys, until resealing and expiry
    /// remove the copies.
    package func wrap(under masterKeys: MasterKeys) async throws {
        try await vault.load()
        if vault.isAdopted, try await adopt(under: masterKeys) {
            try await vault.load(under: masterKeys)
            audit.record(.masterKeyRotated(name: masterKeys.current.name))
            return
        }
        var isChanged = false
        while true {
            let left = try await vault.store.all().filter { $0.masterKey != masterKeys.current.name }
            guard !left.isEmpty else { break }
            for record in left {
                let key = try masterKeys.unwrap(record, of: vault.issuer)
                _ = try await vault.store.rewrap(record, as: masterKeys.wrap(key, of: vault.issuer))
                isChanged = true
            }
        }
        try await vault.load(under: masterKeys)
        if isChanged { audit.record(.masterKeyRotated(name: masterKeys.current.name)) }
    }

    private func adopt(under masterKeys: MasterKeys) async throws -> Bool {
        let adopted = DataKeyClass.allCases.flatMap(vault.keys)
        let start = vault.now().addingTimeInterval(DataKeyPlan.lead)
        let keys = adopted + DataKeyPlan.successors(of: vault, usedFrom: start)
        return try await vault.store.establish(keys.map { try masterKeys.wrap($0, of: vault.issuer) }, isNew: false)
    }

    /// Reseals everything at rest under a new key and deletes the former keys. Returns the number of values
    /// resealed. `wait` sleeps for a number of seconds, so that other nodes can load the new key. Throws
    /// `NoDataKeys` or `KeysChanged`.
    package func reseal(
        wait: (TimeInterval) async throws -> Void = { try await Task.sleep(for: .seconds($0)) }
    ) async throws -> Int {
        try await vault.load()
        guard !vault.isAdopted else { throw NoDataKeys() }
        let rotation = DataKeyRotation(vault: vault, audit: audit)
        guard let key = try await rotation.add(.rest) else { throw KeysChanged() }
        try await wait(max(0, key.usedFrom.timeIntervalSince(vault.now())))
        return try await resealAll(wait)
    }

    /// Repeats until nothing is left to reseal: a node may have sealed a value just before the new key took effect and
    /// stored it only after a pass.
    private func resealAll(_ wait: (TimeInterval) async throws -> Void) async throws -> Int {
        let current = try vault.current(.rest)
        var (count, passes) = (0, 0)
        while true {
            // A node that keeps sealing under a former key has not loaded the new one, or its clock is wrong.
            passes += 1
            guard passes <= Self.passes else { throw KeysChanged() }
            var found = 0
            for column in SealedColumn.allCases { found += try await reseal(column, under: current) }
            count += found
            let former = vault.keys(.rest).filter { $0.number < current.number }
            guard !former.isEmpty else { break }
            if found == 0 {
                // The transaction that deletes checks again.
                for key in former { _ = try await vault.store.deleteUnused(key.number, id: key.id) }
                try await vault.load()
            }
            if vault.keys(.rest).contains(where: { $0.number < current.number }) { try await wait(DataKeyPlan.lead) }
        }
        try await deleteUnusedDigestKeys()
        try await vault.load()
        audit.record(.valuesResealed(count: count))
        return count
    }

    private static let passes = 60

    private func reseal(_ column: SealedColumn, under current: DataKey) async throws -> Int {
        let sealer = Sealer(vault)
        var (count, last) = (0, "")
        while case let page = try await vault.store.sealed(column, after: last, limit: 500), let end = page.last {
            for value in page where Sealer.keyID(of: value.bytes) != current.id {
                let opened = try sealer.open(value.bytes, for: column.purpose)
                let sealed = try sealer.seal(opened, for: column.purpose)
                // A value that changed since then was sealed under the new key, or its row is gone.
                if try await vault.store.reseal(column, value, as: sealed) { count += 1 }
            }
            last = end.id
        }
        return count
    }

    /// Deletes former digest keys that no stored digest needs. Using a secret recomputes
    /// its digest under the current key.
    private func deleteUnusedDigestKeys() async throws {
        let current = try vault.current(.digest)
        let former = vault.keys(.digest).filter { $0.number < current.number }
        guard !former.isEmpty else { return }
        let used = try await vault.store.digestKeysInUse()
        for key in former where !used.contains(key.origin == .masterKey ? [] : key.id) {
            try await vault.store.delete(DataKeyClass.digest.rawValue, number: key.number)
        }
    }

    /// Ends all sessions, authorizations, remembered browsers and recovery codes, and replaces every data key at once,
    /// wrapped under the first of `masterKeys`. Only the former keys that match client secrets and verify the audit log
    /// remain. `KeyRotation` replaces the signing keys.
    package func replaceEverything(
        under masterKeys: MasterKeys,
        wait: (TimeInterval) async throws -> Void = { try await Task.sleep(for: .seconds($0)) }
    ) async throws {
        try await vault.load()
        let former = DataKeyClass.allCases.flatMap(vault.keys)
            .filter { [.rest, .digest, .audit].contains($0.keyClass) }
        let keys = former + DataKeyPlan.successors(of: vault, usedFrom: vault.now())
        let ended = try await sessionEnd.endEverything(
            replacing: keys.map { try masterKeys.wrap($0, of: vault.issuer) })
        try await vault.load(under: masterKeys)
        audit.record(.keysReplaced)
        try await sessionEnd.recordCompromise(of: ended)
        _ = try await resealAll(wait)
    }

    /// Returns whether any client secret is still digested under a former key. Deletes
    /// former digest keys that are unused.
    package func hasFormerDigests() async throws -> Bool {
        try await deleteUnusedDigestKeys()
        try await vault.load()
        return vault.keys(.digest).count > 1
    }
}

/// The issuer has no data keys yet.
package struct NoDataKeys: KeyProblem {
    package let description =
        "this issuer has no data keys yet: run `martlet key master rotate` first, once every node runs this version"
}

/// Another node or command changed the keys concurrently.
package struct KeysChanged: KeyProblem {
    package let description = "another node or command is changing the keys, or a node's clock is wrong: try again"
}
