import FoundationEssentials
import HTTPTypes
import JOSE

extension Path { static let personalData = Path("/account/data") }

/// Where people download what is kept of them, without secrets (GDPR Articles 15 and 20).
struct PersonalDataEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let totp: any TOTPCredentialStore
    let passkeys: any PasskeyStore
    let sessions: any SessionStore
    let devices: any DeviceStore
    let consents: any ConsentStore
    let audit: AuditLog
    let now: @Sendable () -> Date
    let path = Path.personalData
    var routes: [Route] { [.get(path)] }

    init(_ core: Core) {
        gate = AccountGate(core)
        totp = core.stores.totpCredentials
        passkeys = core.stores.passkeys
        sessions = core.stores.sessions
        devices = core.stores.devices
        consents = core.stores.consents
        audit = core.audit
        now = core.now
    }

    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response {
        var response = Response.json(try await document(of: visitor.user))
        response.headers[.contentDisposition] = #"attachment; filename="account.json""#
        audit.record(.exported(.personalData, records: 1), user: visitor.user.id, session: visitor.session.id)
        return response
    }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response { gate.overview() }

    private func document(of user: User) async throws -> JSONObject {
        var document: JSONObject = ["sub": .string(user.id.rawValue), "username": .string(user.username)]
        document["email"] = user.email.map(JSON.string)
        document["email_verified"] = .bool(user.isEmailVerified)
        document["claims"] = .object(user.claims)
        document["roles"] = .array(user.roles.map(JSON.string))
        document["created_at"] = Self.time(user.createdAt)
        document["updated_at"] = Self.time(user.updatedAt)
        document["authenticator_apps"] = .array(
            try await totp.credentials(of: user.id).map {
                ["name": .string($0.name), "created_at": Self.time($0.createdAt)]
            })
        document["passkeys"] = .array(
            try await passkeys.passkeys(of: user.id).map {
                ["name": .string($0.name), "created_at": Self.time($0.createdAt)]
            })
        document["sessions"] = .array(
            try await sessions.sessions(of: user.id, at: now()).map {
                [
                    "authenticated_at": Self.time($0.authenticatedAt), "user_agent": .string($0.userAgent),
                    "address": .string($0.address),
                ]
            })
        document["devices"] = .array(
            try await devices.devices(of: user.id, at: now()).map {
                [
                    "first_used_at": Self.time($0.createdAt), "last_used_at": Self.time($0.lastUsedAt),
                    "user_agent": .string($0.userAgent), "address": .string($0.address),
                ]
            })
        document["networks"] = .array(
            try await devices.networks(of: user.id, at: now()).map {
                [
                    "network": .string($0.network), "address": .string($0.address),
                    "first_seen_at": Self.time($0.firstSeenAt), "last_seen_at": Self.time($0.lastSeenAt),
                ]
            })
        document["consents"] = .array(
            try await consents.consents(of: user.id).map {
                [
                    "client_id": .string($0.client.rawValue), "scope": .string($0.scope.text),
                    "granted_at": Self.time($0.grantedAt),
                ]
            })
        return document
    }

    private static func time(_ moment: Date) -> JSON { .string(moment.formatted(.iso8601)) }
}
