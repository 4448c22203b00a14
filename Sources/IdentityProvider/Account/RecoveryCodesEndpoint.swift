import HTTPTypes

extension Path { static let recoveryCodes = Path("/account/recovery-codes") }

/// Gives users a new set of recovery codes, shown once.
struct RecoveryCodesEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let codes: RecoveryCodeSet
    let path = Path.recoveryCodes
    var routes: [Route] { Route.page(path) }

    init(_ core: Core) {
        gate = AccountGate(core)
        codes = RecoveryCodeSet(core)
    }

    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response {
        var (page, cookie) = gate.page("recovery-codes", at: path, for: visitor, request)
        page.data["is_first"] = .flag(try await codes.isMissing(for: visitor.user))
        return Response.page(page).setting(cookie)
    }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response {
        try gate.requireMoreThanMailbox(visitor)
        var (page, cookie) = gate.page("recovery-codes", at: path, for: visitor, request)
        page.data["is_first"] = .flag(try await codes.isMissing(for: visitor.user))
        try await codes.renew(for: visitor.user, on: &page, request)
        return Response.page(page).setting(cookie)
    }
}
