import FoundationEssentials
import HTTPTypes

extension ForwardedRequest {
    /// Paths at the application's origin that Martlet answers.
    static let callback = "/.martlet/callback"
    static let signOut = "/.martlet/sign-out"
}

/// Exchanges the ticket of a sign-in for the browser's pass, at the application's origin.
struct ForwardCallback: Sendable {
    private let sealer: Sealer
    private let sessions: any SessionStore
    private let singleUse: any SingleUseStore
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        sealer = core.sealer
        sessions = core.stores.sessions
        singleUse = core.stores.singleUse
        now = core.now
    }

    func response(to forwarded: ForwardedRequest, of client: Client, _ request: Request) async throws -> Response {
        let parameters = try Parameters(parsing: forwarded.query, limits: Limits())
        let cookies = ForwardCookies(origin: forwarded.origin)
        guard let text = parameters["ticket"],
            let ticket = try? sealer.open(ForwardTicket.self, from: text, for: .forwardTicket),
            ticket.origin == forwarded.origin, now() < ticket.expiresAt, cookies.isBrowser(ticket.browser, in: request),
            try await sessions.find(ticket.session, at: now()) != nil,
            try await singleUse.consume(ticket.id, for: .forwardTicket, until: ticket.expiresAt)
        else {
            return .page(.interactionLost.leading(to: client.application(at: forwarded.origin)))
        }
        let pass = ForwardPass(origin: forwarded.origin, session: ticket.session)
        return .redirect(to: forwarded.origin + ticket.uri)
            .setting(cookies.pass.setting(try sealer.seal(pass, for: .forwardPass)))
    }
}
