import HTTPTypes

extension Path { package static let account = Path("/account") }

/// The account overview: what is stored about a user, and what they can change.
struct AccountEndpoint: Endpoint {
    private let gate: AccountGate
    private let factors: EnrolledFactors
    private let browsers: SignedInBrowsers
    private let applications: ConnectedApplications
    private let recoveries: AccountRecoveries
    private let activity: RecentActivity
    /// Whether users can change their email address, which requires emails to the old and the new one.
    private let hasMail: Bool
    let routes = [Route.get(.account)]

    init(_ core: Core) {
        gate = AccountGate(core)
        factors = EnrolledFactors(core)
        browsers = SignedInBrowsers(core)
        applications = ConnectedApplications(core)
        recoveries = AccountRecoveries(core)
        activity = RecentActivity(core)
        hasMail = core.sendsMail
    }

    func respond(to request: Request) async throws -> Response {
        switch try await gate.enter(request, to: .account) {
        case .elsewhere(let response): return response
        case .visitor(let visitor): return try await overview(visitor, request)
        }
    }

    func response(to error: OAuthError) -> Response { .page(error) }

    private func overview(_ visitor: AccountGate.Visitor, _ request: Request) async throws -> Response {
        var (page, cookie) = gate.page("account", at: .account, for: visitor, request)
        let user = visitor.user
        page.data["email"] = user.email.map(Page.Value.text)
        page.data["is_email_verified"] = .flag(user.isEmailVerified)
        page.data["can_change_email"] = .flag(hasMail)
        try await factors.show(user, on: &page)
        page.data["recovery"] = try await recovery(of: visitor)
        try await browsers.show(visitor, on: &page)
        page.data["applications"] = .list(try await applications.list(of: user))
        page.data["activity"] = .list(try await activity.latest(of: user))
        return Response.page(page).setting(cookie)
    }

    private func recovery(of visitor: AccountGate.Visitor) async throws -> Page.Value? {
        guard let recovery = try await recoveries.underWay(for: visitor.user.id) else { return nil }
        return [
            "started": .time(recovery.startedAt, .moment),
            "ready": .time(recovery.readyAt, .moment),
            "can_remove": .flag(AccountRecoveryEndpoint.canRemove(visitor)),
        ]
    }
}
