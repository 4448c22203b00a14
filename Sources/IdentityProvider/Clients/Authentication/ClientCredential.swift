/// What a request carries to authenticate its client, not verified yet. Methods may share one: both JWT methods read
/// `client_assertion`.
protocol ClientCredential: Sendable {
    /// The header field or parameter that it is read from.
    static var place: String { get }
    /// The scheme to challenge with, if it is read from the `Authorization` field (RFC 6749 §5.2).
    static var scheme: AuthenticationScheme? { get }

    /// `nil` if the request carries nothing in this place.
    init?(_ request: Request) throws(OAuthError)

    /// The client that the credential names; `nil` if it leaves that to `client_id`.
    var client: Identifier<Client>? { get throws(OAuthError) }
    /// The text that could be guessed; `nil` if there is nothing to guess.
    var proof: String? { get }
}

extension ClientCredential {
    static var scheme: AuthenticationScheme? { nil }
    var client: Identifier<Client>? { nil }
}

/// A `client_id` alone.
struct NoCredential: ClientCredential {
    static let place = "client_id"
    let proof: String? = nil

    init() {}

    init?(_ request: Request) { nil }
}
