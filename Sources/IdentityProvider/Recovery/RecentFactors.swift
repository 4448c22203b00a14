import FoundationEssentials

/// The factors, besides the password, that were added recently: a thief may have added them.
struct RecentFactors: Sendable {
    let passkeys: any PasskeyStore
    let totp: any TOTPCredentialStore
    let recoveryCodes: any RecoveryCodeStore
    let upstreamLinks: any UpstreamLinkStore
    let audit: AuditLog

    init(_ core: Core) {
        passkeys = core.stores.passkeys
        totp = core.stores.totpCredentials
        recoveryCodes = core.stores.recoveryCodes
        upstreamLinks = core.stores.upstreamLinks
        audit = core.audit
    }

    /// Returns whether `user` added any factor in `period`.
    func hasAny(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> Bool {
        if try await passkeys.passkeys(of: user).contains(where: { period.contains($0.createdAt) }) { return true }
        if try await totp.credentials(of: user).contains(where: { period.contains($0.createdAt) }) { return true }
        if try await !links(of: user, addedIn: period).isEmpty { return true }
        return try await recoveryCodes.madeAt(of: user).map(period.contains) ?? false
    }

    /// Removes the factors that `user` added in `period` and returns one element for each.
    func remove(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> [Factor] {
        let links = try await links(of: user, addedIn: period)
        let counts: [(Factor, Int)] = [
            (.passkey, try await passkeys.delete(of: user, addedIn: period)),
            (.totp, try await totp.delete(of: user, addedIn: period)),
            // A set of codes counts as one.
            (.recoveryCode, min(1, try await recoveryCodes.delete(of: user, addedIn: period))),
        ]
        let removed = counts.flatMap { factor, count in Array(repeating: factor, count: count) }
        for factor in removed { audit.record(.factorRemoved(factor), user: user) }
        let unlinked = links.prefix(try await upstreamLinks.delete(of: user, addedIn: period))
        for link in unlinked { audit.record(.upstreamUnlinked(link.upstream), user: user) }
        return removed + unlinked.map { _ in .upstream }
    }

    private func links(of user: Identifier<User>, addedIn period: ClosedRange<Date>) async throws -> [UpstreamLink] {
        try await upstreamLinks.links(of: user).filter { period.contains($0.createdAt) }
    }
}
