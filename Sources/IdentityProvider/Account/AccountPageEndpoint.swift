import HTTPTypes

/// An account page that requires a recent sign-in. Other users sign in first and then return to it.
protocol AccountPageEndpoint: PageEndpoint {
    var gate: AccountGate { get }
    var path: Path { get }
    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response
    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response
}

extension AccountPageEndpoint {
    var formToken: FormToken { gate.formToken }

    func show(_ request: Request) async throws -> Response {
        switch try await gate.enter(request, to: path, recently: true) {
        case .elsewhere(let response): response
        case .visitor(let visitor): try await show(request, to: visitor)
        }
    }

    func submit(_ request: Request) async throws -> Response {
        switch try await gate.enter(request, to: path, recently: true) {
        case .elsewhere(let response): response
        case .visitor(let visitor): try await submit(request, by: visitor)
        }
    }
}
