import HTTPTypes

extension Path { static let authenticatorApps = Path("/account/authenticator-apps") }

/// Lets users add and remove authenticator apps.
struct AuthenticatorAppsEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let enrolment: TOTPEnrolment
    let attempts: AttemptLimiter
    let codes: RecoveryCodeSet
    let notices: AccountNotices
    let audit: AuditLog
    let path = Path.authenticatorApps
    var routes: [Route] { Route.page(path) }

    init(_ core: Core) {
        gate = AccountGate(core)
        enrolment = TOTPEnrolment(core)
        attempts = AttemptLimiter(core)
        codes = RecoveryCodeSet(core)
        notices = AccountNotices(core)
        audit = core.audit
    }

    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response {
        try page(request, visitor)
    }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response {
        if let id = request.parameters["remove"] {
            try await remove(Identifier(rawValue: id), of: visitor.user, request)
            return gate.overview()
        }
        try gate.requireMoreThanMailbox(visitor)
        let shown = try await attempts.enrolment(of: .totp, by: visitor.user) {
            try await enrolment.confirm(request, by: visitor.user).map { _ in .totp }
        }
        guard shown != nil else {
            return try page(request, visitor, error: "code")
        }
        audit.record(.factorEnrolled(.totp), user: visitor.user.id)
        await notices.added(.totp, by: visitor.user.id, request)
        guard try await codes.isMissing(for: visitor.user) else { return gate.overview() }
        return .redirect(to: gate.interactions.issuer.reference(.recoveryCodes))
    }

    private func remove(_ id: Identifier<TOTPCredential>, of user: User, _ request: Request) async throws {
        // Another user's credential is treated as unknown.
        guard try await enrolment.credentials.credentials(of: user.id).contains(where: { $0.id == id }) else { return }
        try await enrolment.credentials.delete(id)
        audit.record(.factorRemoved(.totp), user: user.id)
        await notices.removed(.totp, by: user.id, request)
    }

    private func page(_ request: Request, _ visitor: AccountGate.Visitor, error: String? = nil) throws -> Response {
        var (page, cookie) = gate.page("authenticator-app", at: path, for: visitor, request)
        let carried = request.method == .post ? request.parameters["offer"] : nil
        page.data["totp"] = .object(try enrolment.describe(for: visitor.user, carrying: carried))
        if let error { page.data["error"] = .object([error: true]) }
        return Response.page(page).setting(cookie)
    }
}
