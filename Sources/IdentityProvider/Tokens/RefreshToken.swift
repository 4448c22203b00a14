/// The content of a sealed refresh token: its authorization and its generation within it.
struct RefreshToken: Codable, Sendable {
    let authorization: Identifier<Authorization>
    let generation: Int
    /// What its sender must prove to have: the keys that a public client proved when it got the token (RFC 9449 §5),
    /// which may be later than the beginning of the authorization.
    var confirmation: Confirmation?

    private enum CodingKeys: String, CodingKey {
        case authorization, generation, confirmation
    }
}
