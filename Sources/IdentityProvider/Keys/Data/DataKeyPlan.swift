import FoundationEssentials

/// When data keys are created and deleted, as pure functions.
enum DataKeyPlan {
    /// How long a transit key seals new values, in seconds.
    static let transitAge: TimeInterval = 30 * 86_400
    /// Seconds between storing a key and using it. Nodes look for new keys four times a second, and must not receive a
    /// value sealed under a key that they have not loaded.
    static let lead: TimeInterval = 5

    /// Returns whether the next transit key is due.
    static func isTransitKeyDue(_ keys: [DataKey], at now: Date) -> Bool {
        guard let newest = keys.last, newest.number > 0 else { return false }
        return newest.usedFrom.addingTimeInterval(transitAge) <= now
    }

    /// Returns the keys whose values have all expired. `lifetime` is the longest lifetime of such a value, in seconds.
    static func expired(_ keys: [DataKey], longest lifetime: TimeInterval, at now: Date) -> [DataKey] {
        keys.indices.compactMap { index in
            KeyVault.end(of: index, in: keys).flatMap { end in
                end.addingTimeInterval(lifetime) <= now ? keys[index] : nil
            }
        }
    }

    /// Returns one new key for each class, numbered after the existing ones.
    static func successors(
        of vault: KeyVault, _ classes: [DataKeyClass] = DataKeyClass.allCases, usedFrom: Date
    ) -> [DataKey] {
        // Rounded down to milliseconds, the precision that is stored and authenticated.
        let start = Date(timeIntervalSince1970: (usedFrom.timeIntervalSince1970 * 1_000).rounded(.down) / 1_000)
        return classes.map { keyClass in
            let newest = vault.keys(keyClass).last?.number ?? 0
            return .random(keyClass, number: max(newest, 0) + 1, usedFrom: start)
        }
    }
}
