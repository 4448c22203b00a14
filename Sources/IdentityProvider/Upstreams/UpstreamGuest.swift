import FoundationEssentials

/// Someone who signed in at an upstream with an account that is linked to nobody. Their interaction carries it while they
/// create an account here or sign in to theirs.
struct UpstreamGuest: Codable, Sendable {
    let upstream: Identifier<Upstream>
    let authority: Identifier<UpstreamAuthority>
    /// The upstream's `sub`.
    let subject: String
    /// The upstream's name for the account, as on a link.
    let label: String
    let arrivedAt: Date
    /// The account that they may create; `nil` if they may not.
    var offer: Offer?
    /// Whether their next full sign-in links the account at the upstream.
    var isLinking = false

    private enum CodingKeys: String, CodingKey {
        case upstream, authority, subject, label, arrivedAt, offer, isLinking
    }

    /// A new account, as far as the upstream's claims describe it.
    struct Offer: Codable, Sendable {
        let signIn: UpstreamSignIn
        /// A username that was free; `nil` if the person must choose one.
        let username: String?
        /// A verified address that was free.
        let email: String?
        /// Profile claims, in JSON.
        let profile: String
        /// Attributes, in JSON.
        let attributes: String
        let roles: [String]
        let groups: [String]

        private enum CodingKeys: String, CodingKey {
            case signIn, username, email, profile, attributes, roles, groups
        }
    }
}
