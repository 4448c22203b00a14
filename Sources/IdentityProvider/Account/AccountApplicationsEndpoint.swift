import FoundationEssentials
import HTTPTypes

extension Path { static let accountApplications = Path("/account/applications") }

/// Lets users revoke an application's access. Its tokens are revoked with the consent.
struct AccountApplicationsEndpoint: AccountActionEndpoint {
    let gate: AccountGate
    let consents: any ConsentStore
    let authorizations: any AuthorizationStore
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.post(.accountApplications, rateLimit: .requests)]

    init(_ core: Core) {
        gate = AccountGate(core)
        consents = core.stores.consents
        authorizations = core.stores.authorizations
        audit = core.audit
        now = core.now
    }

    func act(_ request: Request, for visitor: AccountGate.Visitor) async throws -> Response? {
        let user = visitor.user
        let client = Identifier<Client>(rawValue: try request.parameters.required("client_id"))
        try await consents.withdraw(user: user.id, client: client)
        try await authorizations.revoke(user: user.id, client: client, at: now())
        audit.record(.consentWithdrawn, user: user.id, client: client)
        return nil
    }
}
