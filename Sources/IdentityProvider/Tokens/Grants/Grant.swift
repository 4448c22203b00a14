/// Serves one `grant_type`: says what is granted; `TokenIssuer` issues it.
protocol Grant: Sendable {
    var type: GrantType { get }
    func redeem(_ parameters: Parameters, by client: AuthenticatedClient) async throws -> Redemption
}
