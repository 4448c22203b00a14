import FoundationEssentials
import HTTPTypes

/// Where people take back what they allowed an application. Its tokens end with it.
struct AccountApplicationsEndpoint: Endpoint {
    let gate: AccountGate
    let consents: any ConsentStore
    let authorizations: any AuthorizationStore
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.post("/account/applications", rateLimit: .guessing)]

    func respond(to request: Request) async throws -> Response {
        try gate.formToken.verify(request)
        guard case .visitor(let visitor) = try await gate.enter(request, to: "/account") else { return gate.overview() }
        let client = Identifier<Client>(rawValue: try request.parameters.required("client_id"))
        try await consents.withdraw(user: visitor.user.id, client: client)
        try await authorizations.revoke(user: visitor.user.id, client: client, at: now())
        audit.record(.consentWithdrawn, user: visitor.user.id, client: client)
        return gate.overview()
    }

    func response(to error: OAuthError) -> Response { .page(error) }
}
