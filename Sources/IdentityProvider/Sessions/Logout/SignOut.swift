import FoundationEssentials
import HTTPTypes
import Logging

/// Carries out a validated sign-out: confirmation, end of the session, the clients' and the upstream's turn, redirect.
struct SignOut: Sendable {
    let issuer: Issuer
    let clients: any ClientStore
    let users: any UserStore
    let sessions: SessionCookie
    let frontChannel: FrontChannelLogout
    let accounts: BrowserAccounts
    let upstreams: UpstreamSignOut
    let sealer: Sealer
    let browser: BrowserCookie
    let formToken: FormToken
    let audit: AuditLog

    init(_ core: Core) {
        issuer = core.issuer
        clients = core.clients
        users = core.stores.users
        sessions = SessionCookie(core)
        frontChannel = FrontChannelLogout(core)
        accounts = BrowserAccounts(core)
        upstreams = UpstreamSignOut(core)
        sealer = core.sealer
        browser = BrowserCookie(of: core.issuer)
        formToken = FormToken(core)
        audit = core.audit
    }

    func proceed(_ signOut: SignOutRequest, _ request: Request) async throws -> Response {
        // On the way back, another account may be the current one. It is not asked to leave as well.
        if let ended = signOut.ended, try await sessions.session(of: request)?.user != ended {
            return try await signedOut(signOut)
        }
        guard let session = try await session(of: signOut, request) else { return try await signedOut(signOut) }
        guard !signOut.needsConfirmation(by: session) else { return try await confirm(signOut, session, request) }
        return try await end(session, signOut, request)
    }

    func end(_ session: Session, _ signOut: SignOutRequest, _ request: Request) async throws -> Response {
        var signOut = signOut
        signOut.ended = session.user
        // First, whatever the upstream does.
        let (ended, cookies) = try await sessions.end(session, in: request)
        Logger.current.info("signed out", metadata: ["user": "\(session.user)", "session": "\(session.id)"])
        // At the end, so that the record explains what follows.
        defer { audit.record(.signedOut, user: session.user, client: signOut.client, session: session.id) }
        let frames = try await frontChannel.frames(of: ended)
        let way = try await upstreams.way(from: session.upstream, after: signOut)
        let response = try await follow(way, signOut, frames, request).setting(browser.clearing())
        return cookies.reduce(response) { $0.setting($1) }
    }

    /// Responds to a browser whose session ended together with others.
    func leave(_ session: Session, endedWith all: [EndedSession]) async throws -> Response {
        let frames = try await frontChannel.frames(of: all.first { $0.id == session.id })
        let next = NextStep(issuer.reference(.account), .signIn)
        let response = frames.isEmpty ? .redirect(to: next.uri) : frames.response(Page("signing-out"), then: next)
        return response.setting(sessions.clearing(), browser.clearing())
    }

    /// Returns the session to end: that of the hint if it is one of this browser's, otherwise the current one.
    private func session(of signOut: SignOutRequest, _ request: Request) async throws -> Session? {
        if let hinted = signOut.session, let session = try await accounts.find(hinted, in: request) { return session }
        return try await sessions.session(of: request)
    }

    private func follow(
        _ way: UpstreamSignOut.Way, _ signOut: SignOutRequest, _ frames: LogoutFrames, _ request: Request
    ) async throws -> Response {
        switch way {
        case .done where frames.isEmpty: return try await signedOut(signOut)
        case .done:
            let end = try await destination(of: signOut) ?? NextStep(location(.endSession, signOut), .finish)
            return frames.response(try await page("signing-out", signOut), then: end)
        case .onward(let upstream, let location) where !frames.isEmpty:
            // First, because the upstream may not lead back.
            let next = NextStep(location, .application, name: upstream.shownName)
            return frames.response(try await page("signing-out", signOut), then: next)
        case .onward(_, let location) where request.method == .get: return .redirect(to: location)
        case .onward(let upstream, let location):
            // A redirect after a form must lead to one of the page's `form-action`, in Chromium also those that follow
            // at the upstream. A page that moves on by itself starts afresh.
            let next = NextStep(location, .application, name: upstream.shownName)
            return .page(try await page(signOut, leaving: upstream, "signed_out_onward", next), movingOnTo: location)
        case .unreachable(let upstream):
            let next = try await destination(of: signOut) ?? NextStep(issuer.reference(.account), .signIn)
            return .page(try await page(signOut, leaving: upstream, "signed_out_unreachable", next)).loading(frames)
        }
    }

    /// Returns the page for a sign-out that is not complete at `upstream`.
    private func page(
        _ signOut: SignOutRequest, leaving upstream: Upstream, _ lead: String, _ next: NextStep
    ) async throws -> Page {
        var page = try await page("signed-out", signOut)
        page.data["upstream"] = ["name": upstream.shownName, "lead": .text("text.\(lead)")]
        page.data["return_uri"] = nil
        page.data["next"] = next.data
        return page
    }

    private func destination(of signOut: SignOutRequest) async throws -> NextStep? {
        guard let destination = signOut.destination, let id = signOut.client,
            let client = try await clients.findEnabled(id)
        else { return nil }
        return NextStep(destination.location, .back, name: client.shownName)
    }

    func signedOut(_ signOut: SignOutRequest) async throws -> Response {
        if let destination = signOut.destination { return .redirect(to: destination.location) }
        var page = try await page("signed-out", signOut)
        page.data["next"] = NextStep(issuer.reference(.account), .signIn).data
        return .page(page)
    }

    func location(_ path: Path, _ signOut: SignOutRequest) throws -> String {
        "\(issuer.reference(path))?request=\(try sealer.seal(signOut, for: .signOut))"
    }

    func open(_ request: Request) throws(OAuthError) -> SignOutRequest {
        let text = try request.parameters.required("request")
        do { return try sealer.open(SignOutRequest.self, from: text, for: .signOut) } catch {
            throw .interactionLost
        }
    }

    private func confirm(_ signOut: SignOutRequest, _ session: Session, _ request: Request) async throws -> Response {
        let (identity, cookie) = browser.identityOrNew(in: request)
        var page = try await page("confirm-sign-out", signOut)
        page.data["user"] = try await users.find(session.user).map { ["name": .text($0.displayName)] }
        page.data["action"] = .text(issuer.reference(.confirmSignOut))
        page.data["form_token"] = .text(formToken.value(for: identity, in: request))
        page.data["request"] = .text(try sealer.seal(signOut, for: .signOut))
        page.formTargets = signOut.destination.map { [Origin.source(of: $0.uri)] } ?? []
        return Response.page(page).setting(cookie)
    }

    /// Returns a page that names the client and links to its registered URI.
    func page(_ template: String, _ signOut: SignOutRequest) async throws -> Page {
        var page = Page(template, languages: signOut.languages)
        if let id = signOut.client, let client = try await clients.findEnabled(id) {
            page.show(client)
            page.data["return_uri"] = client.clientURI.map(Page.Value.text)
        }
        return page
    }
}
