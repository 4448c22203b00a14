import FoundationEssentials

/// What somebody can sign in with besides the password, as far as it is new: a thief may have added it.
struct RecentFactors: Sendable {
    let passkeys: any PasskeyStore
    let totp: any TOTPCredentialStore
    let recoveryCodes: any RecoveryCodeStore
    let audit: AuditLog

    /// Removes what `user` has got since `moment`.
    func remove(of user: Identifier<User>, since moment: Date) async throws {
        let removed: [(Factor, Int)] = [
            (.passkey, try await passkeys.delete(of: user, addedSince: moment)),
            (.totp, try await totp.delete(of: user, addedSince: moment)),
            // A set is one.
            (.recoveryCode, min(1, try await recoveryCodes.delete(of: user, addedSince: moment))),
        ]
        for (factor, count) in removed {
            for _ in 0..<count { audit.record(.factorRemoved(factor), user: user) }
        }
    }
}
