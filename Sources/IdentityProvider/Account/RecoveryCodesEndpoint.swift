import FoundationEssentials
import HTTPTypes

extension Path { static let recoveryCodes = Path("/account/recovery-codes") }

/// Gives users a new set of recovery codes, shown once.
struct RecoveryCodesEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let factor: RecoveryCodeFactor
    let notices: AccountNotices
    let audit: AuditLog
    let now: @Sendable () -> Date
    let path = Path.recoveryCodes
    var routes: [Route] { Route.page(path, rateLimit: .guessing) }

    init(_ core: Core) {
        gate = AccountGate(core)
        factor = RecoveryCodeFactor(core)
        notices = AccountNotices(core)
        audit = core.audit
        now = core.now
    }

    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response {
        let (page, cookie) = gate.page("recovery-codes", at: path, for: visitor, request)
        return Response.page(page).setting(cookie)
    }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response {
        try gate.requireMoreThanMailbox(visitor)
        let codes = try await factor.renew(for: visitor.user, at: now())
        audit.record(.recoveryCodesMade(count: codes.count), user: visitor.user.id)
        await notices.added(.recoveryCode, by: visitor.user.id, request)
        var (page, cookie) = gate.page("recovery-codes", at: path, for: visitor, request)
        page.data["codes"] = .list(codes.map { .object(["code": .text($0)]) })
        page.data["has_codes"] = true
        return Response.page(page).setting(cookie)
    }
}
