import FoundationEssentials

/// A request to sign in other than an authorization request: for one of our pages or a URL that the caller has checked.
struct SignInRequest: Codable, Sendable {
    /// The destination after the sign-in. A location that starts with a slash is a path below the issuer.
    let location: String
    /// The name of the destination on the pages of the interaction; `nil` for our own pages.
    var name: String?
    /// The client whose sign-in requirements apply in addition to the issuer's.
    var client: Identifier<Client>?
    /// The target of the interaction's forms besides the issuer, as a source expression of Content Security Policy.
    var source: String?
    /// The requested context.
    var asked: AuthenticationContext?
    /// The maximum time since the sign-in, in seconds.
    var maxAge: Int?
    /// The only user who may continue.
    var user: Identifier<User>?
    var loginHint: String?
    var languages: [String] = []

    private enum CodingKeys: String, CodingKey {
        case location, name, client, source, asked, maxAge, user, loginHint, languages
    }
}
