import FoundationEssentials
import Logging

/// Stores users' consent to clients and records their decisions in the audit log.
struct ConsentKeeper: Sendable {
    private let clients: any ClientStore
    private let consents: any ConsentStore
    private let audit: AuditLog
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        clients = core.clients
        consents = core.stores.consents
        audit = core.audit
        now = core.now
    }

    /// Returns the scope that the user isn't asked for again.
    func remembered(by user: Identifier<User>, for authorization: AuthorizationRequest) async throws -> Scope {
        let client = try await clients.find(authorization.client)
        guard client?.remembersConsent(at: authorization.redirect) == true else { return [] }
        return try await consents.find(user: user, client: authorization.client)?.scope ?? []
    }

    /// Adds to earlier consent. Consent is stored even if it won't be remembered, because users see and revoke it on
    /// the account page. Details are never remembered: they are about one transaction.
    func give(
        _ scope: Scope, _ details: AuthorizationDetails?, to client: Identifier<Client>, in session: Session
    ) async throws {
        let former = try await consents.find(user: session.user, client: client)
        let agreed = former?.scope.union(scope) ?? scope
        try await consents.save(Consent(user: session.user, client: client, scope: agreed, grantedAt: now()))
        Logger.current.info(
            "consent given",
            metadata: ["user": "\(session.user)", "client": "\(client)", "scope": "\(scope.text)"])
        audit.record(
            .consentGiven(scope: scope, details: details?.types ?? []), user: session.user, client: client,
            session: session.id)
    }

    func deny(_ client: Identifier<Client>, in session: Session) {
        audit.record(
            .consentRefused, user: session.user, client: client, session: session.id, by: .user(session.user))
    }
}
