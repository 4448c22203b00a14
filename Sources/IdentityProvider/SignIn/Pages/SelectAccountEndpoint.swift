import HTTPTypes

extension Path { static let selectAccount = Path("/select-account") }

/// The account chooser (`prompt=select_account`, OpenID Connect Core §3.1.2.1): the accounts that are signed in in this
/// browser, and the way to another. Choosing one makes it current, and asks for nothing: each session keeps its level.
struct SelectAccountEndpoint: InteractionPageEndpoint {
    private let browser: BrowserAccounts
    private let sessions: SessionCookie
    private let frontChannel: FrontChannelLogout
    private let accounts: InteractionAccounts
    private let interactions: InteractionKeeper
    private let audit: AuditLog
    let pages: InteractionPages
    let routes = Route.page(.selectAccount)

    init(_ core: Core) {
        browser = BrowserAccounts(core)
        sessions = SessionCookie(core)
        frontChannel = FrontChannelLogout(core)
        accounts = InteractionAccounts(core)
        interactions = InteractionKeeper(core)
        audit = core.audit
        pages = InteractionPages(core)
    }

    func show(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        let offered = try await accounts.offered(for: interaction, request)
        guard !offered.isEmpty else { return try interactions.proceed(interaction) }
        let current = try await browser.current(request)?.session.id
        var page = try await pages.page("select-account", at: .selectAccount, for: interaction, request)
        page.data["accounts"] = .list(
            offered.map { account in
                [
                    "id": .text(account.session.id.rawValue), "name": .text(account.user.displayName),
                    "username": .text(account.user.username),
                    "initial": .text(String(account.user.displayName.prefix(1)).uppercased()),
                    "is_current": .flag(account.session.id == current),
                ]
            })
        return .page(page)
    }

    func submit(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        if let id = request.parameters["account"] {
            return try await choose(Identifier(rawValue: id), interaction, request)
        } else if let id = request.parameters["sign_out"] {
            return try await signOut(Identifier(rawValue: id), interaction, request)
        } else {
            return .redirect(to: try interactions.location(.signIn, interaction.addingAccount()))
        }
    }

    /// Goes on with the chosen session. The page is shown again if that has ended, or is another browser's.
    private func choose(
        _ id: Identifier<Session>, _ interaction: Interaction, _ request: Request
    ) async throws -> Response {
        guard let (session, cookies) = try await browser.choose(id, in: request) else {
            return .redirect(to: try interactions.location(.selectAccount, interaction))
        }
        audit.record(.accountChosen, user: session.user, client: interaction.client, session: session.id)
        return cookies.reduce(try interactions.proceed(interaction.choosing(id))) { $0.setting($1) }
    }

    /// Signs one account out, and shows those that are left.
    private func signOut(
        _ id: Identifier<Session>, _ interaction: Interaction, _ request: Request
    ) async throws -> Response {
        var (interaction, cookies) = (interaction, [String]())
        var frames = LogoutFrames.none
        if let session = try await browser.find(id, in: request) {
            let ended: EndedSession?
            (ended, cookies) = try await sessions.end(session, in: request)
            // At the end, so that the record explains which clients are told.
            defer { audit.record(.signedOut, user: session.user, client: interaction.client, session: id) }
            frames = try await frontChannel.frames(of: ended)
            // As after every sign-out, an identity that another origin may have planted becomes useless.
            let (identity, cookie) = interactions.browser.renewed()
            interaction.bind(to: identity)
            cookies.append(cookie)
        }
        let location = try interactions.location(.selectAccount, interaction)
        let next: Response =
            frames.isEmpty
            ? .redirect(to: location) : frames.response(Page("signing-out"), then: NextStep(location, .finish))
        return cookies.reduce(next) { $0.setting($1) }
    }
}
