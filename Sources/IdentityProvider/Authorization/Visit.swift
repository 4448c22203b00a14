import FoundationEssentials

/// A way to something that needs somebody signed in and is no authorization request: one of our own pages, or an address
/// that whoever made the visit has checked.
struct Visit: Codable, Sendable {
    /// Where the person goes when they are signed in: below the issuer when it begins with a slash.
    let location: String
    /// What the pages on the way say that it leads to; `nil` for our own pages.
    var name: String?
    /// Whose rules hold for the sign-in, besides those of the issuer.
    var client: Identifier<Client>?
    /// Where the forms on the way may lead besides the issuer, as a source of Content Security Policy.
    var source: String?
    var asked: AuthenticationContext?
    /// Seconds since the person signed in.
    var maxAge: Int?
    /// Nobody else may arrive.
    var user: Identifier<User>?
    var loginHint: String?
    var languages: [String] = []

    private enum CodingKeys: String, CodingKey {
        case location, name, client, source, asked, maxAge, user, loginHint, languages
    }
}
