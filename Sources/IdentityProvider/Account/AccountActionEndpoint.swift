import HTTPTypes

/// A form on the account page that performs an action and returns to the page. Such an action makes the account safer,
/// so it needs no recent sign-in.
protocol AccountActionEndpoint: Endpoint {
    var gate: AccountGate { get }
    func act(_ request: Request, for user: User) async throws
}

extension AccountActionEndpoint {
    func respond(to request: Request) async throws -> Response {
        try gate.formToken.verify(request)
        if case .visitor(let visitor) = try await gate.enter(request, to: .account) {
            try await act(request, for: visitor.user)
        }
        return gate.overview()
    }

    func response(to error: OAuthError) -> Response { .page(error) }
}
