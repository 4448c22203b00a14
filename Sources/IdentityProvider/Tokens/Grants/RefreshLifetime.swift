import FoundationEssentials

/// The lifetime of refresh tokens.
enum RefreshLifetime {
    /// Returns when a refresh token that was last used at `moment` expires. With `offline_access`, each use extends it
    /// up to the absolute lifetime. Otherwise it ends with its session (OpenID Connect Core §11).
    static func end(_ granted: Granted, _ lifetimes: Lifetimes, usedAt moment: Date) -> Date {
        // Earlier versions didn't store when an authorization began. It wasn't before the sign-in.
        let begin = granted.begunAt ?? granted.authenticatedAt ?? .distantPast
        let next =
            granted.isOffline
            ? moment.addingTimeInterval(lifetimes.refreshToken)
            : granted.sessionEndsAt ?? (granted.authenticatedAt ?? moment).addingTimeInterval(lifetimes.session)
        return min(next, begin.addingTimeInterval(lifetimes.refreshTokenAbsolute))
    }

    /// Returns when the current refresh token expires. The authorization may be stored longer, for its access tokens.
    static func end(of authorization: Authorization, _ lifetimes: Lifetimes) -> Date {
        let (granted, kept) = (authorization.granted, authorization.expiresAt)
        let used = authorization.rotatedAt ?? granted.begunAt ?? kept.addingTimeInterval(-lifetimes.refreshToken)
        return min(kept, end(granted, lifetimes, usedAt: used))
    }

    /// Returns until when the authorization is stored: until its last token has expired, which is also long enough to
    /// detect a replay of its code.
    static func kept(_ granted: Granted, for client: Client, _ lifetimes: Lifetimes, at moment: Date) -> Date {
        let tokensEnd = moment.addingTimeInterval(lifetimes.longestToken)
        guard client.grantTypes.contains(.refreshToken) else { return tokensEnd }
        return max(end(granted, lifetimes, usedAt: moment), tokensEnd)
    }
}
