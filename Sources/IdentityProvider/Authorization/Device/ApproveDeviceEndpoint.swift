import FoundationEssentials
import HTTPTypes

extension Path { static let approveDevice = Path("/device/approve") }

/// The page at which a user approves or denies a device (RFC 8628 §5.4; RFC 10027 §6.1.14). It is always shown, whatever
/// the user consented to before.
struct ApproveDeviceEndpoint: PageEndpoint {
    private let issuer: Issuer
    private let clients: CachedClients
    private let resources: CachedResourceServers
    private let attributes: CachedAttributes
    private let sessions: SessionCookie
    private let signIn: SignIn
    private let interactions: InteractionKeeper
    private let devices: DeviceAuthorizations
    private let consents: ConsentKeeper
    private let geolocator: any Geolocator
    private let sealer: Sealer
    private let quota: HourlyQuota
    private let audit: AuditLog
    private let now: @Sendable () -> Date
    let formToken: FormToken
    let routes = Route.page(.approveDevice)

    init(_ core: Core, signIn: SignIn) {
        issuer = core.issuer
        clients = core.clients
        resources = core.resources
        attributes = core.attributes
        sessions = SessionCookie(core)
        interactions = InteractionKeeper(core)
        devices = DeviceAuthorizations(core)
        consents = ConsentKeeper(core)
        geolocator = core.geolocator
        sealer = core.sealer
        quota = HourlyQuota(
            limit: Self.approvalsPerHour, purpose: .deviceApproval, singleUse: core.stores.singleUse)
        audit = core.audit
        now = core.now
        formToken = FormToken(core)
        self.signIn = signIn
    }

    /// More devices than anyone sets up in an hour. Limits attackers who trick the same user repeatedly.
    private static let approvalsPerHour = 10

    /// A signed-in user before a request that waits for their answer.
    private struct Visit {
        let session: Session
        let user: User
        let client: Client
        let device: DeviceRequest
        let place: DevicePlace
        /// The sealed `DeviceApproval`.
        let text: String
    }

    private enum Entry {
        case visit(Visit)
        case elsewhere(Response)
    }

    func show(_ request: Request) async throws -> Response {
        switch try await enter(request) {
        case .elsewhere(let response): response
        case .visit(let visit): .page(try await page(visit, request))
        }
    }

    func submit(_ request: Request) async throws -> Response {
        switch try await enter(request) {
        case .elsewhere(let response): return response
        case .visit(let visit):
            switch request.parameters["decision"] {
            case "allow": return try await approve(visit, request)
            case "deny": return try await deny(visit)
            default: throw OAuthError.invalidRequest("decision is missing")
            }
        }
    }

    /// Checks everything again for each request: registration, session and clock may have changed since the page was
    /// shown.
    private func enter(_ request: Request) async throws -> Entry {
        guard let text = request.parameters["request"],
            let approval = try? sealer.open(DeviceApproval.self, from: text, for: .deviceApproval),
            let (session, user) = try await sessions.current(request), session.id == approval.session
        else { return .elsewhere(.redirect(to: issuer.reference(.device))) }
        Decision.concerns(session.id)
        guard let found = try await devices.find(id: approval.request), case .waiting = found.state,
            !found.isExpired(at: now()), let client = try await clients.findEnabled(found.request.client),
            found.request.isPossible(for: client)
        else {
            Decision.note("The device's request was answered, has expired, or its client no longer allows it.")
            return .elsewhere(lost)
        }
        Decision.concerns(client.id)
        let destination = SignIn.Destination(client: client)
        guard destination.admits(session),
            try await signIn.policy(toward: destination, by: user).isSatisfied(by: session)
        else {
            Decision.note("The client of the device demands a stronger sign-in.")
            let signIn = SignInRequest(
                location: "\(Path.approveDevice.text)?request=\(text)", name: client.name, client: client.id,
                user: user.id, loginHint: user.username)
            return .elsewhere(try interactions.start(signIn, in: request))
        }
        let place = DevicePlace(of: found.request.address, seenFrom: request.remoteAddress, geolocator)
        return .visit(
            Visit(session: session, user: user, client: client, device: found.request, place: place, text: text))
    }

    private var lost: Response { .redirect(to: "\(issuer.reference(.device))?problem=lost") }

    private func approve(_ visit: Visit, _ request: Request) async throws -> Response {
        let (session, device, client) = (visit.session, visit.device, visit.client)
        guard try await quota.take(session.user.rawValue, in: ClockHour(of: now())) else {
            Decision.note("The user has approved \(Self.approvalsPerHour) devices in this hour (RFC 10027 §6.1.11).")
            audit.record(
                .deviceCodeRefused(reason: "too_many_approvals"), user: session.user, client: client.id,
                session: session.id, by: .user(session.user))
            return .page(try await page(visit, request, problem: "too_many"), status: .tooManyRequests)
        }
        let granted = Granted(
            client: client.id, user: session.user, session: session.id, scope: device.scope,
            details: device.details, resources: device.resources, authenticatedAt: session.authTime,
            sessionEndsAt: session.expiresAt,
            amr: session.amr, acr: session.acr, satisfying: session.satisfied)
        // First, so that the device never has an approval that the user can't find and revoke on the account page.
        if !client.skipsConsent { try await consents.give(device.scope, device.details, to: client.id, in: session) }
        guard try await devices.answer(device, with: granted) else { return lost }
        audit.record(
            .deviceApproved(scope: device.scope, place: visit.place.rawValue), user: session.user, client: client.id,
            session: session.id)
        return done("device_approved", visit)
    }

    private func deny(_ visit: Visit) async throws -> Response {
        guard try await devices.answer(visit.device, with: nil) else { return lost }
        audit.record(
            .deviceDenied(place: visit.place.rawValue), user: visit.session.user, client: visit.client.id,
            session: visit.session.id, by: .user(visit.session.user))
        return done("device_denied", visit)
    }

    private func done(_ topic: String, _ visit: Visit) -> Response {
        var page = Page(
            "done",
            data: ["title": .text("text.\(topic)_title"), "lead": .text("text.\(topic)_lead")])
        page.data["next"] = NextStep(issuer.reference(.account), .account).data
        page.show(visit.client)
        return .page(page)
    }

    private func page(_ visit: Visit, _ request: Request, problem: String? = nil) async throws -> Page {
        guard let identity = interactions.browser.identity(in: request) else { throw OAuthError.interactionLost }
        let (device, client) = (visit.device, visit.client)
        let (catalog, attributes) = (try await resources.catalog(), try await attributes.catalog())
        var page = Page(
            "approve-device",
            data: [
                "action": .text(issuer.reference(.approveDevice)), "request": .text(visit.text),
                "form_token": .text(formToken.value(for: identity, in: request)),
                "user": ["name": .text(visit.user.displayName), "username": .text(visit.user.username)],
                "user_code": .text(UserCode(typed: device.userCode)?.shown ?? device.userCode),
                "requested_access": .list(
                    catalog.access(device.scope, device.details, of: client.id, with: attributes)),
                "has_access": .flag(!device.scope.isEmpty || device.details != nil),
                "address": .text(geolocator.describe(device.address)),
                "started": .time(device.startedAt, .recent),
                "is_\(visit.place.rawValue)": true,
            ])
        // A user agent can be any text, so only names that Martlet knows are shown.
        let browser = BrowserName(userAgent: device.userAgent)
        if browser.isKnown { page.data["browser"] = .text(browser.text) }
        page.show(client)
        if let problem { page.data["error"] = .object([problem: true]) }
        return page
    }
}
