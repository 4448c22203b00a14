package import FoundationEssentials

/// A message to one client that a session has ended in which it got a token. Stored in the transaction that ends the
/// session, so that no end goes unannounced.
package struct LogoutNotice: OutboxItem, Hashable {
    /// Also the `jti` of its logout token, the same in every attempt.
    package let id: Identifier<LogoutNotice>
    package let client: Identifier<Client>
    package let session: Identifier<Session>
    package let user: Identifier<User>
    package var attempts: Int
    package var dueAt: Date
    package let expiresAt: Date

    /// Seconds after which a client is no longer told.
    package static let lifetime: TimeInterval = 3 * 86_400

    package init(
        id: Identifier<LogoutNotice> = .random(), client: Identifier<Client>, session: Identifier<Session>,
        user: Identifier<User>, attempts: Int = 0, dueAt: Date, expiresAt: Date
    ) {
        self.id = id
        self.client = client
        self.session = session
        self.user = user
        self.attempts = attempts
        self.dueAt = dueAt
        self.expiresAt = expiresAt
    }
}

package protocol LogoutNoticeStore: Outbox<LogoutNotice> {
    /// Returns the clients with notices that are due.
    func clients(at now: Date) async throws -> [Identifier<Client>]
    /// Returns the notices about a session that wait, ordered by client.
    func notices(of session: Identifier<Session>) async throws -> [LogoutNotice]
}
