import FoundationEssentials
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

extension TestIssuer {
    /// Starts a session for a user in a browser of its own.
    @discardableResult
    func startSession(of user: User, from upstream: UpstreamSession? = nil) async throws -> Session {
        let session = Session(
            secret: SecretDigest(bytes: RandomBytes.make(36)), user: user.id, authenticatedAt: clock.now, amr: ["pwd"],
            acr: AuthenticationContext.singleFactor.rawValue, expiresAt: clock.now + 3_600, upstream: upstream)
        let start = try await stores.sessions.start(session, of: user, from: SignInOrigin(), replacing: nil)
        #expect(start == .started(ending: nil))
        return session
    }

    /// Gives a client with a logout URI a token in the session.
    @discardableResult
    func join(
        _ session: Session, _ client: Identifier<Client>, scope: Scope = []
    ) async throws -> Identifier<Authorization> {
        let granted = Granted(
            client: client, user: session.user, session: session.id, scope: scope, authenticatedAt: session.authTime,
            amr: session.amr, acr: session.acr)
        let authorization = Authorization(id: .random(), granted: granted, expiresAt: clock.now + 3_600)
        let interest = LogoutInterest(isNotified: true)
        #expect(try await stores.authorizations.create(authorization, interest: interest, at: clock.now))
        return authorization.id
    }

    /// Writes notices to the database, as nobody but an intruder would.
    func forge(_ notices: [LogoutNotice]) async throws {
        let issuer = issuer.identifier
        try await database.database.transaction(.local) { connection in
            for notice in notices {
                _ = try connection.execute(
                    """
                    INSERT INTO logout_notices
                        (issuer, id, client_id, session_id, user_id, attempts, due_at, expires_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    [
                        .text(issuer), .text(notice.id.rawValue), .text(notice.client.rawValue),
                        .text(notice.session.rawValue), .text(notice.user.rawValue), .integer(0), .date(notice.dueAt),
                        .date(notice.expiresAt),
                    ])
            }
        }
    }

    /// Queues `count` notices for a client.
    func forge(_ count: Int, to client: String) async throws {
        let now = clock.now
        try await forge(
            (0..<count).map { number in
                LogoutNotice(
                    client: Identifier(rawValue: client), session: Identifier(rawValue: "\(number)"),
                    user: Identifier(rawValue: "u"), dueAt: now, expiresAt: now + LogoutNotice.lifetime)
            })
    }

    /// The same issuer with another network.
    func core(fetchingWith fetcher: any Fetcher) -> Core {
        Core(
            settings: core.settings, stores: stores, vault: vault, passwords: core.passwords, limiter: core.limiter,
            audit: audit, fetcher: fetcher, now: core.now)
    }
}
