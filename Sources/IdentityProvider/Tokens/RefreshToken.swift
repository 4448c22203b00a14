/// The content of a sealed refresh token: its authorization and its generation within it.
struct RefreshToken: Codable, Sendable {
    let authorization: Identifier<Authorization>
    let generation: Int

    private enum CodingKeys: String, CodingKey {
        case authorization, generation
    }
}
