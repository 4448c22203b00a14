import HTTPTypes

/// A form on the account page that performs an action and returns to the page. Such an action makes the account safer,
/// so it needs no recent sign-in.
protocol AccountActionEndpoint: Endpoint {
    var gate: AccountGate { get }
    /// Returns what to show instead of the account page, if anything.
    func act(_ request: Request, for visitor: AccountGate.Visitor) async throws -> Response?
}

extension AccountActionEndpoint {
    func respond(to request: Request) async throws -> Response {
        try gate.formToken.verify(request)
        guard case .visitor(let visitor) = try await gate.enter(request, to: .account) else { return gate.overview() }
        return try await act(request, for: visitor) ?? gate.overview()
    }

    func response(to error: OAuthError) -> Response { .page(error) }
}
