/// Handles one `grant_type`: decides what is granted. `TokenIssuer` issues it.
protocol Grant: Sendable {
    var type: GrantType { get }
    func redeem(_ request: TokenRequest) async throws -> Redemption
}
