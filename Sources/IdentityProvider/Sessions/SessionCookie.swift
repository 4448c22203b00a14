import FoundationEssentials
import JOSE

/// The session of a browser: read from its cookie, begun and ended.
struct SessionCookie: Sendable {
    private let cookie: Cookie
    private let sessions: any SessionStore
    private let users: any UserStore
    private let digester: SecretDigester
    private let audit: AuditLog
    private let lifetime: TimeInterval
    private let now: @Sendable () -> Date

    init(
        of issuer: Issuer, sessions: any SessionStore, users: any UserStore, digester: SecretDigester,
        audit: AuditLog, lifetime: TimeInterval, now: @escaping @Sendable () -> Date
    ) {
        cookie = Cookie("session", of: issuer)
        self.sessions = sessions
        self.users = users
        self.digester = digester
        self.audit = audit
        self.lifetime = lifetime
        self.now = now
    }

    /// `nil` also when the user was disabled or removed since.
    func session(of request: Request) async throws -> Session? {
        guard let session = try await stored(of: request), let user = try await users.find(session.user),
            !user.isDisabled
        else { return nil }
        return session
    }

    /// Begins a session for somebody who has shown every factor they must, in place of the browser's former one.
    /// Returns the `Set-Cookie` value.
    func begin(
        for user: User, amr: [String], context: AuthenticationContext, client: Identifier<Client>? = nil,
        in request: Request
    ) async throws -> String {
        let secret = Base64URL.encode(RandomBytes.make(32))
        let moment = now()
        let former = try await stored(of: request)
        // The same person again: applications keep their session, whose `sid` they know. Anybody else begins anew.
        let session = Session(
            id: former?.user == user.id ? former?.id ?? .random() : .random(),
            secret: digester.digest(secret, of: Session.self), user: user.id, authenticatedAt: moment, amr: amr,
            acr: context.rawValue, expiresAt: moment.addingTimeInterval(lifetime))
        try await sessions.begin(session, replacing: former?.id)
        audit.record(
            .signedIn(amr: amr, acr: context.rawValue), user: user.id, client: client, session: session.id)
        return cookie.setting(secret, maxAge: Int(lifetime))
    }

    /// Ends the session and returns the `Set-Cookie` value.
    func end(_ session: Session) async throws -> String {
        try await sessions.end(session.id, at: now())
        return cookie.clearing()
    }

    private func stored(of request: Request) async throws -> Session? {
        guard let secret = cookie.value(in: request), secret.utf8.count == 43 else { return nil }
        return try await sessions.find(digester.digest(secret, of: Session.self), at: now())
    }
}
