import Foundation
import HTTPTypes
import JOSE
import TestSupport

@testable import IdentityProvider

/// An issuer whose users sign in at an upstream that also sends logout tokens.
struct UpstreamLogoutScene {
    static let event = "http://schemas.openid.net/event/backchannel-logout"

    let clock = TestClock()
    let upstream: CannedUpstream
    let issuer: TestIssuer

    /// `resource` are further members of the upstream.
    init(
        _ engine: TestEngine = .sqlite, _ resource: JSONObject = [:],
        linking: [(user: String, subject: String)] = [("alice", "u-1")],
        configure: (inout Settings) -> Void = { _ in }
    ) async throws {
        upstream = try CannedUpstream(clock: clock)
        issuer = try await TestIssuer(
            resources: TestIssuer.resources(with: upstream.resource(resource)), clock: clock,
            database: TestDatabase(engine), fetcher: upstream, configure: configure)
        for (user, subject) in linking { try await issuer.link(user, to: "up", subject: subject) }
    }

    /// Signs `subject` in through the upstream with a new browser, up to the first page or the client's redirect.
    @discardableResult
    func signIn(
        _ subject: String = "u-1", session: String?, _ request: [(String, String)] = Browser.webRequest()
    ) async throws -> (browser: Browser, response: Response) {
        upstream.change {
            $0.subject = subject
            $0.claims["sid"] = session.map(JSON.string) ?? .null
        }
        let visitor = UpstreamVisitor(issuer)
        return (visitor.browser, try await visitor.signIn(with: upstream, request))
    }

    /// Returns a valid logout token, changed by `claims`: `null` removes one.
    func token(
        _ claims: JSONObject = [:], type: String? = "logout+jwt", with signer: (any Signer)? = nil
    ) async throws -> String {
        let moment = Int(clock.now.timeIntervalSince1970)
        var all: JSONObject = [
            "iss": .string(upstream.issuer), "aud": .string(upstream.clientID), "iat": .integer(moment),
            "exp": .integer(moment + 120), "jti": .string(UUID().uuidString), "events": [Self.event: [:]],
        ]
        for (name, value) in claims.members { all[name] = value == .null ? nil : value }
        var own: PrivateKey?
        upstream.change { own = $0.key }
        guard let signer = signer ?? own?.signer() else { throw Unexpected("no key") }
        return try await JWT.sign(all, type: type, with: signer)
    }

    func send(_ token: String, to upstream: String = "up") async throws -> Response {
        try await issuer.send(.post, "/upstream/\(upstream)/backchannel-logout", form: [("logout_token", token)])
    }

    /// Sends a valid logout token with these claims.
    @discardableResult
    func logOut(_ claims: JSONObject) async throws -> Response { try await send(token(claims)) }

    /// Returns the audit records of an event.
    func events(_ name: String) async throws -> [AuditRecord] {
        try await issuer.audit.flush()
        var query = AuditQuery()
        query.events = [name]
        return try await issuer.audit.store.find(query).map(\.record)
    }

    /// The stored sessions of a user.
    func sessions(of name: String = "alice") async throws -> [Session] {
        guard let user = try await issuer.stores.users.find(named: name) else { throw Unexpected("no user \(name)") }
        return try await issuer.stores.sessions.sessions(of: user.id, at: clock.now)
    }

    /// The identifiers of the upstream's sessions behind a user's sessions. `password` stands for none.
    func bases(of name: String = "alice") async throws -> [String] {
        try await sessions(of: name).map { $0.upstream.map { $0.session ?? "unknown" } ?? "password" }.sorted()
    }
}
