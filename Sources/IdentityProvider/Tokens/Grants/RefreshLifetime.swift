import FoundationEssentials

/// How long a refresh token lives.
enum RefreshLifetime {
    /// With `offline_access` each use prolongs it, up to the absolute lifetime; without, it ends when its session does
    /// (OpenID Connect Core §11).
    static func end(_ granted: Granted, _ lifetimes: Lifetimes, usedAt moment: Date) -> Date {
        // Earlier versions did not store when an authorization began. It was not before the sign-in.
        let begin = granted.begunAt ?? granted.authenticatedAt ?? .distantPast
        let next =
            granted.isOffline
            ? moment.addingTimeInterval(lifetimes.refreshToken)
            : (granted.authenticatedAt ?? moment).addingTimeInterval(lifetimes.session)
        return min(next, begin.addingTimeInterval(lifetimes.refreshTokenAbsolute))
    }

    /// When the current refresh token of `authorization` ends. The row may be kept longer, for other tokens.
    static func end(of authorization: Authorization, _ lifetimes: Lifetimes) -> Date {
        let (granted, kept) = (authorization.granted, authorization.expiresAt)
        let used = authorization.rotatedAt ?? granted.begunAt ?? kept.addingTimeInterval(-lifetimes.refreshToken)
        return min(kept, end(granted, lifetimes, usedAt: used))
    }

    /// How long the authorization is kept: at least until what bought it has expired, so that a second use is seen, and
    /// as long as any of its tokens lives.
    static func kept(_ granted: Granted, for client: Client, _ lifetimes: Lifetimes, at moment: Date) -> Date {
        let tokensEnd = moment.addingTimeInterval(lifetimes.longestToken)
        guard client.grantTypes.contains(.refreshToken) else { return tokensEnd }
        return max(end(granted, lifetimes, usedAt: moment), tokensEnd)
    }
}
