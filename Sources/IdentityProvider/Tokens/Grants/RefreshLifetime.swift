import FoundationEssentials

/// How long a refresh token lives.
enum RefreshLifetime {
    /// With `offline_access` each use prolongs it; without, it ends when its session does (OpenID Connect Core §11).
    static func end(_ granted: Granted, _ lifetimes: Lifetimes, usedAt moment: Date) -> Date {
        if granted.isOffline { return moment.addingTimeInterval(lifetimes.refreshToken) }
        return (granted.authenticatedAt ?? moment).addingTimeInterval(lifetimes.session)
    }

    /// How long the authorization is kept: at least until what bought it has expired, so that a second use is seen, and
    /// as long as any of its tokens lives.
    static func kept(_ granted: Granted, for client: Client, _ lifetimes: Lifetimes, at moment: Date) -> Date {
        let tokensEnd = moment.addingTimeInterval(lifetimes.longestToken)
        guard client.grantTypes.contains(.refreshToken) else { return tokensEnd }
        return max(end(granted, lifetimes, usedAt: moment), tokensEnd)
    }
}
