/// A refresh token, sealed: which authorization, and the how-manieth of its tokens.
struct RefreshToken: Codable, Sendable {
    let authorization: Identifier<Authorization>
    let generation: Int

    private enum CodingKeys: String, CodingKey {
        case authorization, generation
    }
}
