import HTTPTypes

/// A form of the account page that does something and comes back to it. It makes an account safer, which needs no fresh
/// sign-in.
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
