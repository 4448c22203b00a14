import FoundationEssentials

/// What somebody can sign in with besides the password, as far as it is new: a thief may have added it.
struct RecentFactors: Sendable {
    let passkeys: any PasskeyStore
    let totp: any TOTPCredentialStore
    let recoveryCodes: any RecoveryCodeStore
    let audit: AuditLog

    init(_ core: Core) {
        passkeys = core.stores.passkeys
        totp = core.stores.totpCredentials
        recoveryCodes = core.stores.recoveryCodes
        audit = core.audit
    }

    /// Whether `user` has got any in `period`.
    func hasAny(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Bool {
        if try await passkeys.passkeys(of: user).contains(where: { period.contains($0.createdAt) }) { return true }
        if try await totp.credentials(of: user).contains(where: { period.contains($0.createdAt) }) { return true }
        return try await recoveryCodes.madeAt(of: user).map(period.contains) ?? false
    }

    /// Removes what `user` has got in `period`, and returns it, each as often as there were.
    func remove(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> [Factor] {
        let counts: [(Factor, Int)] = [
            (.passkey, try await passkeys.delete(of: user, addedIn: period)),
            (.totp, try await totp.delete(of: user, addedIn: period)),
            // A set is one.
            (.recoveryCode, min(1, try await recoveryCodes.delete(of: user, addedIn: period))),
        ]
        let removed = counts.flatMap { factor, count in Array(repeating: factor, count: count) }
        for factor in removed { audit.record(.factorRemoved(factor), user: user) }
        return removed
    }
}
