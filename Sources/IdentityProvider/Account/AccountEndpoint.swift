import FoundationEssentials
import HTTPTypes

extension Path { package static let account = Path("/account") }

/// Where people see what is kept of them, and what they can change.
struct AccountEndpoint: Endpoint {
    let gate: AccountGate
    let totp: any TOTPCredentialStore
    let passkeys: any PasskeyStore
    let recoveryCodes: any RecoveryCodeStore
    let sessions: any SessionStore
    let devices: any DeviceStore
    let consents: any ConsentStore
    let clients: any ClientStore
    let recoveries: AccountRecoveries
    let activity: RecentActivity
    let geolocator: any Geolocator
    /// Whether an address can be changed: that takes a mail to each.
    let hasMail: Bool
    let now: @Sendable () -> Date
    let routes = [Route.get(.account)]

    init(_ core: Core) {
        gate = AccountGate(core)
        totp = core.stores.totpCredentials
        passkeys = core.stores.passkeys
        recoveryCodes = core.stores.recoveryCodes
        sessions = core.stores.sessions
        devices = core.stores.devices
        consents = core.stores.consents
        clients = core.clients
        recoveries = AccountRecoveries(core)
        activity = RecentActivity(core)
        geolocator = core.geolocator
        hasMail = core.sendsMail
        now = core.now
    }

    func respond(to request: Request) async throws -> Response {
        switch try await gate.enter(request, to: .account) {
        case .elsewhere(let response): return response
        case .visitor(let visitor): return try await overview(visitor, request)
        }
    }

    private func overview(_ visitor: AccountGate.Visitor, _ request: Request) async throws -> Response {
        var (page, cookie) = gate.page("account", at: .account, for: visitor, request)
        let user = visitor.user
        page.data["email"] = user.email.map(Page.Value.text)
        page.data["is_email_verified"] = .flag(user.isEmailVerified)
        page.data["can_change_email"] = .flag(hasMail)
        page.data["has_password"] = .flag(user.passwordHash != nil)
        page.data["authenticators"] = .list(try await totp.credentials(of: user.id).map(Self.describe))
        page.data["passkey_count"] = .text(String(try await passkeys.passkeys(of: user.id).count))
        page.data["recovery_code_count"] = .text(String(try await recoveryCodes.count(of: user.id)))
        if let recovery = try await recoveries.underWay(for: user.id) {
            page.data["recovery"] = [
                "started": .text(AccountGate.day(recovery.startedAt)),
                "ready": .text(LetterWriter.words(for: recovery.readyAt)),
                "can_remove": .flag(AccountRecoveryEndpoint.canRemove(visitor)),
            ]
        }
        page.data["sessions"] = .list(
            try await sessions.sessions(of: user.id, at: now()).map {
                describe($0, isThis: $0.id == visitor.session.id)
            })
        page.data["devices"] = .list(
            try await devices.devices(of: user.id, at: now()).filter { $0.isTrusted(at: now()) }.map(Self.describe))
        page.data["applications"] = .list(try await applications(of: user))
        page.data["activity"] = .list(try await activity.latest(of: user))
        return Response.page(page).setting(cookie)
    }

    func response(to error: OAuthError) -> Response { .page(error) }

    private func applications(of user: User) async throws -> [Page.Value] {
        var described: [Page.Value] = []
        for consent in try await consents.consents(of: user.id) {
            let name = try await clients.find(consent.client)?.name ?? consent.client.rawValue
            described.append([
                "id": .text(consent.client.rawValue), "name": .text(name), "scope": .text(consent.scope.text),
                "since": .text(AccountGate.day(consent.grantedAt)),
            ])
        }
        return described
    }

    private func describe(_ session: Session, isThis: Bool) -> Page.Value {
        [
            "id": .text(session.id.rawValue), "browser": .text(BrowserName(userAgent: session.userAgent).text),
            "address": .text(geolocator.describe(session.address)),
            "since": .text(AccountGate.day(session.authenticatedAt)),
            "is_this": .flag(isThis),
        ]
    }

    private static func describe(_ credential: TOTPCredential) -> Page.Value {
        [
            "id": .text(credential.id.rawValue), "name": .text(credential.name),
            "since": .text(AccountGate.day(credential.createdAt)),
        ]
    }

    private static func describe(_ device: Device) -> Page.Value {
        [
            "id": .text(device.id.rawValue), "browser": .text(BrowserName(userAgent: device.userAgent).text),
            "address": .text(device.address), "until": .text(AccountGate.day(device.trustedUntil ?? device.lastUsedAt)),
        ]
    }
}
