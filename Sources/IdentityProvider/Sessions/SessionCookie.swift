import FoundationEssentials
import JOSE

/// Reads, starts and ends a browser's session.
struct SessionCookie: Sendable {
    private let cookie: Cookie
    private let accounts: BrowserAccounts
    private let sessionEnd: SessionEnd
    private let users: any UserStore
    private let digester: SecretDigester
    private let lifetime: TimeInterval
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        cookie = .session(of: core.issuer)
        accounts = BrowserAccounts(core)
        sessionEnd = SessionEnd(core)
        users = core.stores.users
        digester = core.digester
        lifetime = core.settings.lifetimes.session
        now = core.now
    }

    /// Returns the session, or `nil` if there is none or its user has been disabled or deleted.
    func session(of request: Request) async throws -> Session? { try await current(request)?.session }

    /// Returns the session with its user.
    func current(_ request: Request) async throws -> (session: Session, user: User)? {
        guard let session = try await accounts.current(request)?.session,
            let user = try await users.findEnabled(session.user)
        else { return nil }
        return (session, user)
    }

    /// Starts a session for a user who has shown every required factor, and makes it the current one. It continues the
    /// user's own session in this browser if there is one. Otherwise it replaces the current session, which stays if
    /// `addsAccount`. Returns the session with the `Set-Cookie` values, or `nil` if `user` or the session to step up has
    /// changed since the factors were checked. Only `SessionStarter` calls this.
    ///
    /// `authenticatedAt` is when the session to step up began, and `strengthened` names it. The new session keeps that
    /// time (`auth_time`, OpenID Connect Core §2), its upstream, and expires when the old one would have. `upstream` is
    /// the sign-in at an upstream that a new session rests on.
    func start(
        for user: User, since authenticatedAt: Date?, strengthening strengthened: Identifier<Session>?, amr: [String],
        context: AuthenticationContext, trustsDevice: Bool, upstream: UpstreamSignIn?, from origin: SignInOrigin,
        addsAccount: Bool, in request: Request
    ) async throws -> (Session, cookies: [String])? {
        let secret = Base64URL.encode(RandomBytes.make(32))
        let moment = now()
        let current = try await accounts.current(request)
        let known = [current].compactMap(\.self) + (try await accounts.others(request))
        // For the same user the session keeps its identifier, because clients know it as `sid`. Another user gets a new
        // one.
        let own = known.map(\.session).first { $0.user == user.id && (strengthened ?? $0.id) == $0.id }
        // A session that has ended is not revived by stepping up.
        guard own != nil || (authenticatedAt == nil && strengthened == nil) else { return nil }
        let former = own ?? (addsAccount ? nil : current?.session)
        // The upstream may have asked the user before.
        let start = authenticatedAt ?? min(upstream?.authenticatedAt ?? moment, moment)
        let isStepUp = authenticatedAt != nil
        let end = isStepUp ? own?.expiresAt ?? moment : moment.addingTimeInterval(lifetime)
        let basis = isStepUp ? own?.upstream : upstream?.session
        let provesTime = isStepUp ? own?.provesTime == true : upstream.map { $0.authenticatedAt != nil } ?? true
        func insert(_ id: Identifier<Session>, replacing former: Identifier<Session>?) async throws -> Session? {
            let session = Session(
                id: id, secret: digester.digest(secret, of: Session.self), user: user.id, authenticatedAt: start,
                amr: amr, acr: context.rawValue, expiresAt: end, lastUsedAt: moment, provesTime: provesTime,
                device: origin.device?.id,
                userAgent: request.userAgent, address: request.remoteAddress, trustsDevice: trustsDevice,
                upstream: basis)
            return try await sessionEnd.start(session, of: user, from: origin, replacing: former) ? session : nil
        }
        var session = try await insert(own?.id ?? .random(), replacing: former?.id)
        // The previous session has ended. A full sign-in doesn't need it and doesn't revive it.
        if session == nil, own != nil, authenticatedAt == nil {
            session = try await insert(.random(), replacing: nil)
        }
        guard let session else { return nil }
        let others = try await accounts.keep(known.filter { $0.session.id != former?.id }, in: request)
        let setting = cookie.setting(secret, maxAge: max(0, Int(end.timeIntervalSince(moment))))
        return (session, [setting, others].compactMap(\.self))
    }

    /// Signs the user out of a session of this browser. Returns the ended session, or `nil` if it had already ended, with
    /// the `Set-Cookie` values.
    func end(_ session: Session, in request: Request) async throws -> (EndedSession?, cookies: [String]) {
        let ended = try await sessionEnd.end(session.id, because: .signOut)
        return (ended, try await accounts.removing(session, in: request))
    }

    func clearing() -> String {
        cookie.clearing()
    }
}

extension Cookie {
    /// Holds the secret of the browser's session.
    static func session(of issuer: Issuer) -> Cookie { Cookie("session", of: issuer) }
}
