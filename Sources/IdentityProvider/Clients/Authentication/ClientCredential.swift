/// An unverified client credential of a request. Methods may share a type: both JWT methods read `client_assertion`.
protocol ClientCredential: Sendable {
    /// The name of the header field or parameter that holds it.
    static var place: String { get }
    /// The scheme of the challenge, for credentials in the `Authorization` field (RFC 6749 §5.2).
    static var scheme: AuthenticationScheme? { get }

    /// Returns `nil` if the request has no such credential.
    init?(_ request: Request) throws(OAuthError)

    /// The clients that the credential may name, in order of precedence; empty if only `client_id` names the client.
    var clients: [Identifier<Client>] { get throws(OAuthError) }
    /// The text that an attacker could guess; `nil` if there is none.
    var proof: String? { get }
}

extension ClientCredential {
    static var scheme: AuthenticationScheme? { nil }
    var clients: [Identifier<Client>] { [] }
}

/// A `client_id` without a credential.
struct NoCredential: ClientCredential {
    static let place = "client_id"
    let proof: String? = nil

    init() {}

    init?(_ request: Request) { nil }
}
