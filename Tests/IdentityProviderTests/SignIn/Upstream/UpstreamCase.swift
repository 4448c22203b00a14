import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

/// An issuer with one upstream, `up`, and a person with the account `u-1` there.
struct UpstreamCase {
    let upstream: CannedUpstream
    let issuer: TestIssuer

    /// `members` are added to the upstream's resource, `others` are further upstreams.
    init(
        _ members: JSONObject = [:], engine: TestEngine = .sqlite, mailbox: TestMailbox? = nil,
        configure: (inout Settings) -> Void = { _ in }
    ) async throws {
        let clock = TestClock()
        upstream = try CannedUpstream(clock: clock)
        issuer = try await TestIssuer(
            resources: TestIssuer.resources(with: upstream.resource(members)), clock: clock,
            database: TestDatabase(engine), mailbox: mailbox, fetcher: upstream, configure: configure)
    }

    var stores: Stores { issuer.stores }

    func user(_ name: String = "alice") async throws -> User { try #require(try await stores.users.find(named: name)) }

    /// The user with whom the person signs in.
    func owner(_ subject: String = "u-1") async throws -> String? {
        guard let link = try await issuer.link(to: "up", subject: subject) else {
            return nil
        }
        return try await stores.users.find(link.user)?.username
    }

    func visitor() -> UpstreamVisitor { UpstreamVisitor(issuer) }

    /// The person goes to the upstream, comes back, and sees what comes next.
    func arrive(
        _ visitor: UpstreamVisitor, _ request: [(String, String)] = Browser.webRequest()
    ) async throws -> Response {
        try await visitor.browser.follow(comeBack(visitor, request))
    }

    func comeBack(
        _ visitor: UpstreamVisitor, _ request: [(String, String)] = Browser.webRequest()
    ) async throws -> Response {
        try await visitor.comeBack(upstream.authorize(visitor.leave(request)))
    }

    /// The person, unknown here, chooses to sign in to an account. Returns the sign-in page.
    func chooseToLink(
        _ visitor: UpstreamVisitor, _ request: [(String, String)] = Browser.webRequest()
    ) async throws -> Page {
        let page = try await arrive(visitor, request).page()
        return try await visitor.browser.submit(page, [("action", "link")]).page()
    }

    /// The current session of a browser.
    func session(_ browser: Browser) async throws -> Session {
        let request = try Request(method: .get, path: "/", headers: [.cookie: browser.cookieHeader])
        guard let session = try await SessionCookie(issuer.core).session(of: request) else {
            throw Unexpected("this browser has no session")
        }
        return session
    }
}

extension Browser {
    /// Submits the sign-in page with a user's password.
    func signIn(
        on page: Page, as username: String = "alice", _ password: String = "correct horse"
    ) async throws -> Response {
        try await submit(page, [("username", username), ("password", password)])
    }
}

extension Page {
    func object(_ name: String) -> [String: Value] {
        if case .object(let members)? = data[name] { members } else { [:] }
    }
}
