/// An unverified client credential of a request. Methods may share a type: both JWT methods read `client_assertion`.
protocol ClientCredential: Sendable {
    /// The name of the header field or parameter that holds it.
    static var place: String { get }
    /// The scheme of the challenge, for credentials in the `Authorization` field (RFC 6749 §5.2).
    static var scheme: AuthenticationScheme? { get }

    /// Returns `nil` if the request has no such credential.
    init?(_ request: Request) throws(OAuthError)

    /// The client named by the credential; `nil` if only `client_id` names it.
    var client: Identifier<Client>? { get throws(OAuthError) }
    /// The text that an attacker could guess; `nil` if there is none.
    var proof: String? { get }
}

extension ClientCredential {
    static var scheme: AuthenticationScheme? { nil }
    var client: Identifier<Client>? { nil }
}

/// A `client_id` without a credential.
struct NoCredential: ClientCredential {
    static let place = "client_id"
    let proof: String? = nil

    init() {}

    init?(_ request: Request) { nil }
}
