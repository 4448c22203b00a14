import FoundationEssentials

/// The sessions of several people in one browser. The `session` cookie holds the secret of the current session, and the
/// `accounts` cookie those of the others, the last used first. Sessions that have ended drop out silently.
struct BrowserAccounts: Sendable {
    /// A session and the secret that the browser holds.
    struct Entry: Sendable {
        let session: Session
        fileprivate let secret: String
    }

    /// The number of sessions besides the current one. Starting another ends the one that was used least recently.
    static let limit = 7

    private let session: Cookie
    private let cookie: Cookie
    private let sessions: any SessionStore
    private let sessionEnd: SessionEnd
    private let digester: SecretDigester
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        session = .session(of: core.issuer)
        cookie = .accounts(of: core.issuer)
        sessions = core.stores.sessions
        sessionEnd = SessionEnd(core)
        digester = core.digester
        now = core.now
    }

    /// Returns the current session, and counts as a use of it.
    func current(_ request: Request) async throws -> Entry? {
        guard let secret = session.secret(in: request),
            let found = try await sessions.find(digester.digests(secret, of: Session.self), at: now())
        else { return nil }
        await digester.renew(found.secret, of: secret)
        return Entry(session: found, secret: secret)
    }

    /// Returns the other sessions. A list of accounts must not keep them from idling out, so this is no use of them.
    func others(_ request: Request) async throws -> [Entry] {
        var entries: [Entry] = []
        for secret in secrets(in: request) {
            let found = try await sessions.peek(digester.digests(secret, of: Session.self), at: now())
            guard let found, !entries.contains(where: { $0.session.id == found.id }) else { continue }
            await digester.renew(found.secret, of: secret)
            entries.append(Entry(session: found, secret: secret))
        }
        return entries
    }

    /// Returns the session with this identifier if it is one of this browser's, and counts as a use of it.
    func find(_ id: Identifier<Session>, in request: Request) async throws -> Session? {
        if let current = try await current(request), current.session.id == id { return current.session }
        guard try await others(request).contains(where: { $0.session.id == id }) else { return nil }
        return try await sessions.find(id, at: now())
    }

    /// Makes a session of this browser the current one, and returns it with the `Set-Cookie` values. Returns `nil` if it
    /// has ended or is not this browser's.
    func choose(_ id: Identifier<Session>, in request: Request) async throws -> (Session, cookies: [String])? {
        let current = try await current(request)
        if let current, current.session.id == id { return (current.session, []) }
        let others = try await others(request)
        guard let chosen = others.first(where: { $0.session.id == id }),
            let found = try await sessions.find(id, at: now())
        else { return nil }
        let left = [current].compactMap(\.self) + others.filter { $0.session.id != id }
        let cookies = [session.setting(chosen.secret, maxAge: age(of: found)), setting(left, in: request)]
        return (found, cookies.compactMap(\.self))
    }

    /// Keeps `entries`, the last used first, besides the session that begins. Ends those for which there is no room, and
    /// returns the `Set-Cookie` value, if the cookie changes.
    func keep(_ entries: [Entry], in request: Request) async throws -> String? {
        for entry in entries.dropFirst(Self.limit) { try await sessionEnd.end(entry.session.id, because: .replaced) }
        return setting(entries, in: request)
    }

    /// Returns the `Set-Cookie` values for a browser whose session `ended` has ended.
    func removing(_ ended: Session, in request: Request) async throws -> [String] {
        let isCurrent = session.secret(in: request).map { digester.matches($0, ended.secret) } ?? false
        let left = try await others(request).filter { $0.session.id != ended.id }
        return [isCurrent ? session.clearing() : nil, setting(left, in: request)].compactMap(\.self)
    }

    /// Returns the `Set-Cookie` value for the first of `entries`; `nil` if there is nothing to hold or to clear.
    private func setting(_ entries: [Entry], in request: Request) -> String? {
        let kept = entries.prefix(Self.limit)
        guard let age = kept.map({ age(of: $0.session) }).max() else {
            return cookie.value(in: request) == nil ? nil : cookie.clearing()
        }
        return cookie.setting(kept.map(\.secret).joined(separator: "."), maxAge: age)
    }

    /// The remaining lifetime in seconds.
    private func age(of session: Session) -> Int { max(0, Int(session.expiresAt.timeIntervalSince(now()))) }

    /// Returns the secrets of the other sessions, at most as many as Martlet sets, so that a longer cookie costs nothing.
    private func secrets(in request: Request) -> [String] {
        let current = session.secret(in: request)
        var secrets: [String] = []
        for part in (cookie.value(in: request) ?? "").utf8.split(separator: UInt8(ascii: ".")).prefix(Self.limit)
        where part.count == 43 {
            let secret = String(Substring(part))
            if secret != current, !secrets.contains(secret) { secrets.append(secret) }
        }
        return secrets
    }
}

extension Cookie {
    /// Holds the secrets of the browser's other sessions, separated by periods.
    static func accounts(of issuer: Issuer) -> Cookie { Cookie("accounts", of: issuer) }
}
