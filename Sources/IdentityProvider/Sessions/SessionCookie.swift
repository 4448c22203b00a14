import FoundationEssentials
import JOSE

/// Reads, starts and ends a browser's session.
struct SessionCookie: Sendable {
    private let cookie: Cookie
    private let sessions: any SessionStore
    private let sessionEnd: SessionEnd
    private let users: any UserStore
    private let digester: SecretDigester
    private let lifetime: TimeInterval
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        cookie = .session(of: core.issuer)
        sessions = core.stores.sessions
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
        guard let session = try await stored(of: request), let user = try await users.findEnabled(session.user)
        else { return nil }
        return (session, user)
    }

    /// Starts a session for a user who has shown every required factor, replacing the browser's previous one. Returns
    /// it with the `Set-Cookie` value, or `nil` if `user` or the session to step up has changed since the factors were
    /// checked. Only `SessionStarter` calls this.
    ///
    /// `authenticatedAt` is when the session to step up began, and `strengthened` names it. The new session keeps that
    /// time (`auth_time`, OpenID Connect Core §2), its upstream, and expires when the old one would have. `upstream` is
    /// the sign-in at an upstream that a new session rests on.
    func start(
        for user: User, since authenticatedAt: Date?, strengthening strengthened: Identifier<Session>?, amr: [String],
        context: AuthenticationContext, trustsDevice: Bool, upstream: UpstreamSignIn?, from origin: SignInOrigin,
        in request: Request
    ) async throws -> (Session, cookie: String)? {
        let secret = Base64URL.encode(RandomBytes.make(32))
        let moment = now()
        let former = try await stored(of: request)
        // A session that has ended is not revived by stepping up.
        guard authenticatedAt == nil || former?.user == user.id else { return nil }
        guard strengthened == nil || former?.id == strengthened else { return nil }
        // The upstream may have asked the user before.
        let start = authenticatedAt ?? min(upstream?.authenticatedAt ?? moment, moment)
        let isStepUp = authenticatedAt != nil
        let end = isStepUp ? former?.expiresAt ?? moment : moment.addingTimeInterval(lifetime)
        let basis = isStepUp ? former?.upstream : upstream?.session
        let provesTime = isStepUp ? former?.provesTime == true : upstream.map { $0.authenticatedAt != nil } ?? true
        // For the same user the session keeps its identifier, because clients know it as `sid`. Another user gets a new
        // one.
        let own = former?.user == user.id ? former?.id : nil
        func insert(_ id: Identifier<Session>, replacing former: Identifier<Session>?) async throws -> Session? {
            let session = Session(
                id: id, secret: digester.digest(secret, of: Session.self), user: user.id, authenticatedAt: start,
                amr: amr, acr: context.rawValue, expiresAt: end, lastUsedAt: moment, provesTime: provesTime,
                device: origin.device?.id,
                userAgent: request.userAgent, address: request.remoteAddress, trustsDevice: trustsDevice,
                upstream: basis)
            return try await sessionEnd.start(session, of: user, from: origin, replacing: former) ? session : nil
        }
        var session = try await insert(own ?? .random(), replacing: former?.id)
        // The previous session has ended. A full sign-in doesn't need it and doesn't revive it.
        if session == nil, own != nil, authenticatedAt == nil {
            session = try await insert(.random(), replacing: nil)
        }
        return session.map { ($0, cookie.setting(secret, maxAge: max(0, Int(end.timeIntervalSince(moment))))) }
    }

    /// Signs the user out. Returns the ended session with the `Set-Cookie` value, or `nil` with it if the session had
    /// already ended.
    func end(_ session: Session) async throws -> (EndedSession?, cookie: String) {
        (try await sessionEnd.end(session.id, because: .signOut), cookie.clearing())
    }

    func clearing() -> String { cookie.clearing() }

    private func stored(of request: Request) async throws -> Session? {
        guard let secret = cookie.secret(in: request) else { return nil }
        let session = try await sessions.find(digester.digests(secret, of: Session.self), at: now())
        if let session { await digester.renew(session.secret, of: secret) }
        return session
    }
}

extension Cookie {
    /// Holds the secret of the browser's session.
    static func session(of issuer: Issuer) -> Cookie { Cookie("session", of: issuer) }
}
