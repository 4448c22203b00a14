/// Handles one `grant_type`. Decides what is granted; `TokenIssuer` issues the tokens.
protocol Grant: Sendable {
    static var type: GrantType { get }
    init(_ core: Core)
    func redeem(_ request: TokenRequest) async throws -> Redemption
}

/// The grants. To add one, add a file to this folder and a line here.
enum Grants {
    /// In the order of the metadata (RFC 8414 §2).
    static let all: [any Grant.Type] = [
        AuthorizationCodeGrant.self,
        RefreshTokenGrant.self,
        ClientCredentialsGrant.self,
        DeviceCodeGrant.self,
    ]

    static let types = all.map { $0.type }
}
