import HTTPTypes

extension Path { static let accountRecovery = Path("/account/recovery") }

/// Lets users who recently signed in with undisputed factors complete a recovery at once or cancel it.
struct AccountRecoveryEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let recoveries: AccountRecoveries
    let done: LinkPages
    let path = Path.accountRecovery
    var routes: [Route] { Route.page(path) }

    init(_ core: Core) {
        gate = AccountGate(core)
        recoveries = AccountRecoveries(core)
        done = LinkPages(core)
    }

    /// The form is on the overview.
    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response { gate.overview() }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response {
        let user = visitor.user
        switch request.parameters["action"] {
        case "cancel":
            try await recoveries.act(on: .cancellation, for: user, after: request)
            return gate.overview()
        case "remove" where Self.canRemove(visitor):
            guard case .remove = try await recoveries.act(on: .olderFactor, for: user, after: request).step else {
                return gate.overview()
            }
            return done.done("recovery_finished", next: done.signIn)
        default: return gate.overview()
        }
    }

    /// Returns whether the visitor may complete the recovery. One without a second factor has shown too little. One
    /// with a disputed factor would already have canceled it.
    static func canRemove(_ visitor: AccountGate.Visitor) -> Bool { visitor.session.context >= .multiFactor }
}
