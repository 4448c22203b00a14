import FoundationEssentials

/// A request for a signed-in user that is no authorization request: for one of our own pages, or for an address that the
/// caller has checked.
struct SignInRequest: Codable, Sendable {
    /// Where the signed-in user goes: below the issuer if it begins with a slash.
    let location: String
    /// What the pages on the way say that it leads to; `nil` for our own pages.
    var name: String?
    /// The client whose rules apply to the sign-in, besides those of the issuer.
    var client: Identifier<Client>?
    /// Where the forms on the way may lead besides the issuer, as a source of Content Security Policy.
    var source: String?
    /// The level that is asked for.
    var asked: AuthenticationContext?
    /// Seconds since the user signed in.
    var maxAge: Int?
    /// The only user who may arrive.
    var user: Identifier<User>?
    var loginHint: String?
    var languages: [String] = []

    private enum CodingKeys: String, CodingKey {
        case location, name, client, source, asked, maxAge, user, loginHint, languages
    }
}
