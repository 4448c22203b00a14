import FoundationEssentials
import HTTPTypes
import Logging
import Metrics
import ServiceLifecycle
import Tracing

/// Sends logout tokens to clients (OpenID Connect Back-Channel Logout §2.5).
struct LogoutService: Service, Courier {
    private let issuer: Issuer
    private let clients: CachedClients
    private let notices: any LogoutNoticeStore
    private let signer: TokenSigner
    private let fetcher: any Fetcher
    private let audit: AuditLog
    let interval: Duration
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        clients = core.clients
        notices = core.stores.logoutNotices
        signer = TokenSigner(core)
        fetcher = core.fetcher
        audit = core.audit
        interval = .milliseconds(500)
        now = core.now
    }

    static let wording = CourierWording(
        item: "notice", unreadable: "logout notices cannot be read",
        retrying: "client not told of a logout, will try again", givenUp: "gave up telling a client of a logout")
    static let width = 4
    static let lease: TimeInterval = 30
    static let firstPause: TimeInterval = 1

    var source: any Outbox<LogoutNotice> { notices.queue }
    var depth: Gauge { Measurements.logoutNotices(of: issuer.identifier) }

    func run() async throws { await keepDelivering() }

    /// One lane per client, so that a slow one delays no other.
    func destinations() async throws -> [String?] { try await notices.clients(at: now()).map(\.rawValue) }

    func send(_ notice: LogoutNotice) async throws {
        try await withSpan("logout.notify") { span in
            span.attributes["martlet.client"] = notice.client.rawValue
            try await notify(notice)
        }
    }

    private func notify(_ notice: LogoutNotice) async throws {
        // A client that was deleted, or no longer registers a URI, isn't told.
        guard let client = try await clients.find(notice.client), let uri = client.logoutRules.backChannelURI else {
            return
        }
        let token = LogoutToken(issuer: issuer, notice: notice, issuedAt: now())
        let text = try await signer.sign(token.claims, type: LogoutToken.type, by: client.algorithms.idToken)
        let request = FetchRequest(
            .post, uri, headers: [.contentType: "application/x-www-form-urlencoded"],
            body: Array(FormEncoding.encode([("logout_token", text)]).utf8))
        _ = try await fetcher.fetch(request, under: Self.policy(of: client))
        Measurements.countLogoutNotice("delivered")
        audit.record(
            .clientNotified, user: notice.user, client: notice.client, session: notice.session, by: .system)
    }

    private static func policy(of client: Client) -> FetchPolicy {
        FetchPolicy(
            operation: "logout.deliver", allowsPrivateNetworks: client.isInPrivateNetwork, timeout: .seconds(10),
            maximumSize: 65_536, mediaTypes: [], caching: nil)
    }

    /// A refusal is not repeated (OpenID Connect Back-Channel Logout §2.5). Any other failure may pass, even a mistake
    /// in the registration, which the operator can correct.
    func isFinal(_ error: any Error, of notice: LogoutNotice) -> Bool {
        guard let error = error as? FetchError else { return false }
        if case .tooLarge = error { return true }
        return error.isAnswer
    }

    func failed(_ notice: LogoutNotice, _ error: any Error, isFinal: Bool) {
        Measurements.countLogoutNotice(isFinal ? "given_up" : "retried")
        guard isFinal else { return }
        audit.record(
            .clientNotNotified(reason: "\((error as? FetchError)?.withoutContent ?? error)"), user: notice.user,
            client: notice.client, session: notice.session, by: .system)
    }
}
