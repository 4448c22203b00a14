import FoundationEssentials
import JOSE

/// The session of a browser: read from its cookie, started and ended.
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

    /// `nil` also when the user was disabled or removed since.
    func session(of request: Request) async throws -> Session? { try await current(request)?.session }

    /// The session with its user.
    func current(_ request: Request) async throws -> (session: Session, user: User)? {
        guard let session = try await stored(of: request), let user = try await users.findEnabled(session.user)
        else { return nil }
        return (session, user)
    }

    /// Begins a session for somebody who has shown every factor they must, in place of the browser's former one.
    /// Returns it with the `Set-Cookie` value. Only `SessionStarter` calls this. `authenticatedAt` says when the session began
    /// that this one strengthens: it is as old as that (OpenID Connect Core §2, `auth_time`), and ends when that would have.
    /// `strengthened` names that session.
    /// Returns `nil` when `user`, or the session to strengthen, is not what it was when the factors were checked.
    func start(
        for user: User, since authenticatedAt: Date?, strengthening strengthened: Identifier<Session>?, amr: [String],
        context: AuthenticationContext, trustsDevice: Bool, from origin: SignInOrigin, in request: Request
    ) async throws -> (Session, cookie: String)? {
        let secret = Base64URL.encode(RandomBytes.make(32))
        let moment = now()
        let former = try await stored(of: request)
        // What ended meanwhile does not come back by one factor more.
        guard authenticatedAt == nil || former?.user == user.id else { return nil }
        guard strengthened == nil || former?.id == strengthened else { return nil }
        let start = authenticatedAt ?? moment
        let end = start.addingTimeInterval(lifetime)
        // The same person again: applications keep their session, whose `sid` they know. Anybody else begins anew.
        let own = former?.user == user.id ? former?.id : nil
        func insert(_ id: Identifier<Session>, replacing former: Identifier<Session>?) async throws -> Session? {
            let session = Session(
                id: id, secret: digester.digest(secret, of: Session.self), user: user.id, authenticatedAt: start,
                amr: amr, acr: context.rawValue, expiresAt: end, lastUsedAt: moment, device: origin.device?.id,
                userAgent: request.userAgent, address: request.remoteAddress, trustsDevice: trustsDevice)
            return try await sessionEnd.start(session, of: user, from: origin, replacing: former) ? session : nil
        }
        var session = try await insert(own ?? .random(), replacing: former?.id)
        // The former session has ended. A full sign-in does not need it, and does not bring it back.
        if session == nil, own != nil, authenticatedAt == nil {
            session = try await insert(.random(), replacing: nil)
        }
        return session.map { ($0, cookie.setting(secret, maxAge: max(0, Int(end.timeIntervalSince(moment))))) }
    }

    /// Signs the user out and returns the `Set-Cookie` value.
    func end(_ session: Session) async throws -> String {
        try await sessionEnd.end(session.id, because: .signOut)
        return cookie.clearing()
    }

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
