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

extension ResourceCatalog {
    /// The resources that a token request names, if they are among those granted (RFC 8707 §2.2).
    func narrowed(_ parameters: Parameters, within granted: Granted) throws(OAuthError) -> [String] {
        let resources = try requested(parameters)
        let allowed =
            granted.resources.isEmpty
            ? audience(of: granted.scope, for: []).map(\.identifier) : granted.resources
        guard resources.allSatisfy(allowed.contains) else {
            throw OAuthError(code: .invalidTarget, description: "resource was not granted")
        }
        return resources
    }
}
