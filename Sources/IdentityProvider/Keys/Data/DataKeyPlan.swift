import FoundationEssentials

/// When data keys come and go, as pure functions.
enum DataKeyPlan {
    /// Seconds that a transit key makes new values.
    static let transitAge: TimeInterval = 30 * 86_400
    /// Seconds from storing a key to its first use. Nodes look for new keys four times a second; until they have read one,
    /// they must not meet what it made.
    static let lead: TimeInterval = 5

    /// Whether the next transit key is due.
    static func isTransitKeyDue(_ keys: [DataKey], at now: Date) -> Bool {
        guard let newest = keys.last, newest.number > 0 else { return false }
        return newest.usedFrom.addingTimeInterval(transitAge) <= now
    }

    /// Keys of travelling values of which none can still be good.
    static func expired(_ keys: [DataKey], longest lifetime: TimeInterval, at now: Date) -> [DataKey] {
        keys.indices.compactMap { index in
            KeyVault.end(of: index, in: keys).flatMap { end in
                end.addingTimeInterval(lifetime) <= now ? keys[index] : nil
            }
        }
    }

    /// One new key of each class, after those that there are.
    static func successors(
        of vault: KeyVault, _ classes: [DataKeyClass] = DataKeyClass.allCases, usedFrom: Date
    ) -> [DataKey] {
        // To the millisecond, as it is stored and authenticated.
        let start = Date(timeIntervalSince1970: (usedFrom.timeIntervalSince1970 * 1_000).rounded(.down) / 1_000)
        return classes.map { keyClass in
            let newest = vault.keys(keyClass).last?.number ?? 0
            return .random(keyClass, number: max(newest, 0) + 1, usedFrom: start)
        }
    }
}
