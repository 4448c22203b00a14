/// Handles one `grant_type`: decides what is granted. `TokenIssuer` issues it.
protocol Grant: Sendable {
    static var type: GrantType { get }
    init(_ core: Core)
    func redeem(_ request: TokenRequest) async throws -> Redemption
}

/// The grants. A new one is a file in this folder and a line here.
enum Grants {
    /// In the order in which the metadata lists them (RFC 8414 §2).
    static let all: [any Grant.Type] = [
        AuthorizationCodeGrant.self,
        RefreshTokenGrant.self,
        ClientCredentialsGrant.self,
    ]

    static let types = all.map { $0.type }
}
