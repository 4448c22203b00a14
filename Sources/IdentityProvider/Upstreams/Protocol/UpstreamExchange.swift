import FoundationEssentials
import JOSE

/// An authorization code, and the values of its request that the response is checked against.
struct UpstreamExchange: Sendable {
    let code: String
    let redirectURI: String
    let nonce: String
    let verifier: String
    let startedAt: Date
    /// The maximum time since the user signed in at the upstream, in seconds, if it was demanded.
    let maxAge: Int?

    /// The clock skew that upstreams are allowed, in seconds.
    private static let skew: TimeInterval = 60

    enum Age: Sendable, Hashable {
        /// `nil` if the upstream didn't say.
        case signedIn(Date?)
        case stale
    }

    /// Judges the `auth_time` of an ID Token (OpenID Connect Core §3.1.3.7 step 13). Throws `UpstreamMistake`.
    /// `assumesReauthentication` takes the sign-in of an upstream that doesn't say for a new one.
    func age(_ claim: JSON?, assumesReauthentication: Bool, at now: Date) throws -> Age {
        // Glewlwyd 2.7 sends 0 for a time that it doesn't know.
        guard let claim, claim != .null, claim != .integer(0) else {
            if assumesReauthentication { return .signedIn(now) }
            return maxAge == nil ? .signedIn(nil) : .stale
        }
        guard let seconds = claim.seconds, (0...now.timeIntervalSince1970 + Self.skew).contains(seconds) else {
            throw UpstreamMistake("auth_time of the ID Token is not a time in the past")
        }
        let moment = Date(timeIntervalSince1970: seconds)
        guard let maxAge else { return .signedIn(moment) }
        let limit = startedAt.addingTimeInterval(-TimeInterval(maxAge))
        if moment >= limit { return .signedIn(moment) }
        // The upstream's clock may be behind ours.
        return moment >= limit.addingTimeInterval(-Self.skew) ? .signedIn(limit) : .stale
    }
}
