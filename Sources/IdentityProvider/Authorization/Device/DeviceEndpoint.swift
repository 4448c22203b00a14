import FoundationEssentials
import HTTPTypes

extension Path { static let device = Path("/device") }

/// The page at which a signed-in user enters the code that a device shows (RFC 8628 §3.3). Signing in comes first, so
/// that every guess costs an account.
struct DeviceEndpoint: PageEndpoint {
    private let issuer: Issuer
    private let sessions: SessionCookie
    private let interactions: InteractionKeeper
    private let devices: DeviceAuthorizations
    private let guesses: UserCodeGuesses
    private let sealer: Sealer
    private let audit: AuditLog
    private let now: @Sendable () -> Date
    let formToken: FormToken
    let routes = Route.page(.device)

    init(_ core: Core) {
        issuer = core.issuer
        sessions = SessionCookie(core)
        interactions = InteractionKeeper(core)
        devices = DeviceAuthorizations(core)
        guesses = UserCodeGuesses(core)
        sealer = core.sealer
        audit = core.audit
        now = core.now
        formToken = FormToken(core)
    }

    func show(_ request: Request) async throws -> Response {
        let code = code(in: request)
        guard let (session, user) = try await sessions.current(request) else { return try signIn(code, request) }
        Decision.concerns(session.id)
        return response(request, user, code, problem: request.parameters["problem"] == "lost" ? "lost" : nil)
    }

    func submit(_ request: Request) async throws -> Response {
        let code = code(in: request)
        guard let (session, user) = try await sessions.current(request) else { return try signIn(code, request) }
        Decision.concerns(session.id)
        // What can't be a code tells its sender nothing, so it isn't counted.
        guard let code else { return response(request, user, nil, problem: "code") }
        if let seconds = try await guesses.wait(user.id, request) {
            refuse("throttled", user, session)
            let (page, cookie) = page(request, user, code, problem: "throttled")
            return Response.tooManyRequests(page, retryAfter: seconds).setting(cookie)
        }
        guard let found = try await waiting(code, user, session) else {
            try await guesses.failed(user.id, request)
            return response(request, user, code, problem: "code")
        }
        let approval = DeviceApproval(request: found.id, session: session.id)
        return .redirect(
            to: "\(issuer.reference(.approveDevice))?request=\(try sealer.seal(approval, for: .deviceApproval))")
    }

    /// Returns the request with this code, if it waits for an answer. The user isn't told why not.
    private func waiting(_ code: UserCode, _ user: User, _ session: Session) async throws -> DeviceRequest? {
        guard let found = try await devices.find(code) else {
            refuse("unknown", user, session)
            return nil
        }
        guard case .waiting = found.state else {
            // Someone repeats a code that was used: the owner of the device would not (RFC 10027 §6.1.4).
            audit.record(
                .deviceCodeReused, user: user.id, client: found.request.client, session: session.id,
                by: .user(user.id))
            return nil
        }
        guard !found.isExpired(at: now()) else {
            refuse("expired", user, session)
            return nil
        }
        return found.request
    }

    private func refuse(_ reason: String, _ user: User, _ session: Session) {
        audit.record(
            .deviceCodeRefused(reason: reason), user: user.id, session: session.id, by: .user(user.id))
    }

    private func code(in request: Request) -> UserCode? {
        request.parameters["user_code"].flatMap(UserCode.init(typed:))
    }

    private func signIn(_ code: UserCode?, _ request: Request) throws -> Response {
        let query = code.map { "?user_code=\($0.shown)" } ?? ""
        return try interactions.start(SignInRequest(location: Path.device.text + query), in: request)
    }

    private func response(_ request: Request, _ user: User, _ code: UserCode?, problem: String?) -> Response {
        let (page, cookie) = page(request, user, code, problem: problem)
        return Response.page(page).setting(cookie)
    }

    /// A code in the address (`verification_uri_complete`) fills in the form. The user compares it with the device's and
    /// submits it (RFC 8628 §3.3.1).
    private func page(
        _ request: Request, _ user: User, _ code: UserCode?, problem: String?
    ) -> (Page, cookie: String?) {
        let (identity, cookie) = interactions.browser.identityOrNew(in: request)
        var page = Page(
            "device",
            data: [
                "action": .text(issuer.reference(.device)), "account_uri": .text(issuer.reference(.account)),
                "form_token": .text(formToken.value(for: identity, in: request)),
                "user": ["name": .text(user.displayName), "username": .text(user.username)],
            ])
        page.data["user_code"] = code.map { .text($0.shown) }
        page.data["is_prefilled"] = .flag(code != nil && request.method == .get)
        if let problem { page.data["error"] = .object([problem: true]) }
        return (page, cookie)
    }
}
