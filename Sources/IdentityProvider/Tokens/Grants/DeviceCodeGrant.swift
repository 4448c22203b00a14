import FoundationEssentials
import HTTPTypes

/// The device authorization grant (RFC 8628 §3.4): a device polls until its user has answered in a browser.
struct DeviceCodeGrant: Grant {
    let devices: DeviceAuthorizations
    let lifetimes: Lifetimes
    let resources: CachedResourceServers
    let users: any UserStore
    let sessions: any SessionStore
    let consents: any ConsentStore
    let authorizations: any AuthorizationStore
    let audit: AuditLog
    let now: @Sendable () -> Date
    static let type = GrantType.deviceCode

    init(_ core: Core) {
        devices = DeviceAuthorizations(core)
        lifetimes = core.settings.lifetimes
        resources = core.resources
        users = core.stores.users
        sessions = core.stores.sessions
        consents = core.stores.consents
        authorizations = core.stores.authorizations
        audit = core.audit
        now = core.now
    }

    func redeem(_ request: TokenRequest) async throws -> Redemption {
        let pending = try await find(request)
        let device = pending.request
        guard !pending.isExpired(at: now()) else {
            throw OAuthError(code: .expiredToken, description: "the device code has expired")
        }
        switch pending.state {
        case .waiting: try await devices.keepWaiting(device)
        case .denied:
            throw OAuthError(code: .accessDenied, description: "the user denied the request", status: .badRequest)
        case .approved(let granted):
            let (client, catalog) = (request.client.client, try await resources.catalog())
            let details = try catalog.details(request.parameters, within: granted.details, of: client)
            let target = try TokenTarget(
                granted.scope, details, of: client, in: catalog, granted: granted.resources,
                requested: request.parameters.all("resource"))
            let user = try await user(of: granted, request)
            try await requireSession(of: granted)
            return Redemption(try await spend(device, granted, request), of: user, for: target)
        }
    }

    /// Checked before anything changes: another client must neither use up the code nor slow its device down.
    private func find(_ request: TokenRequest) async throws -> DeviceAuthorizations.Pending {
        let code = try request.parameters.required("device_code")
        guard let pending = try await devices.find(deviceCode: code) else {
            throw Self.refusal("It was not issued by this issuer, or expired long ago.")
        }
        guard pending.request.client == request.client.id else {
            throw Self.refusal("It was issued to another client.")
        }
        // RFC 10027 §6.1.12.
        guard pending.request.dpopKey == nil || pending.request.dpopKey == request.proof.dpop?.key else {
            throw Self.refusal("The DPoP proof is not by the key that the code is bound to.")
        }
        return pending
    }

    private func user(of granted: Granted, _ request: TokenRequest) async throws -> User {
        guard let id = granted.user, let user = try await users.findEnabled(id) else {
            throw Self.refusal("The user who approved it was disabled or removed.")
        }
        guard !request.client.client.skipsConsent else { return user }
        // Revoking the client's access on the account page revokes authorizations, and this one doesn't exist yet.
        guard let consent = try await consents.find(user: id, client: granted.client),
            granted.scope.isSubset(of: consent.scope)
        else { throw Self.refusal("The user has revoked the client's access since.") }
        return user
    }

    /// Throws if the session has ended or exceeded the idle limit. `spend` checks again in its transaction.
    private func requireSession(of granted: Granted) async throws {
        guard let session = granted.session, try await sessions.find(session, at: now()) != nil else {
            throw Self.refusal("The session in which it was approved has ended.")
        }
    }

    /// Creates the authorization. Its identifier was chosen with the code, so exactly one redemption succeeds, whatever
    /// the stored row says. Of two parties with the same code, one stole it, so both lose access (RFC 10027 §6.1.6).
    private func spend(_ device: DeviceRequest, _ granted: Granted, _ request: TokenRequest) async throws
        -> Authorization
    {
        let client = request.client.client
        let begun = granted.begun(at: now(), boundTo: client.isPublic ? request.proof.confirmation : nil)
        let authorization = Authorization(
            id: device.authorization, granted: begun,
            expiresAt: RefreshLifetime.kept(begun, for: client, lifetimes, at: now()))
        guard
            try await authorizations.create(
                authorization, interest: client.logoutRules.interest, at: now())
        else {
            try await authorizations.revoke(device.authorization, at: now())
            audit.record(.codeReplayed, user: granted.user, client: client.id, session: granted.session)
            throw Self.refusal("It was already used, so its authorization is revoked (RFC 10027 §6.1.6).")
        }
        Decision.note("The user approved the device; the code was issued to this client and has not expired.")
        return authorization
    }

    /// Returns the same error for all reasons. Only the audit record contains the reason.
    private static func refusal(_ reason: String) -> OAuthError {
        Decision.note("The device code is refused. \(reason)")
        return .invalidGrant("the device code is not valid")
    }
}
