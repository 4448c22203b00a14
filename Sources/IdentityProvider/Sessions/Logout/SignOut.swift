import FoundationEssentials
import HTTPTypes
import Logging

/// Carries out a validated sign-out: confirmation, end of the session, redirect.
struct SignOut: Sendable {
    let issuer: Issuer
    let clients: any ClientStore
    let users: any UserStore
    let sessions: SessionCookie
    let sealer: Sealer
    let browser: BrowserCookie
    let formToken: FormToken
    let audit: AuditLog

    init(_ core: Core) {
        issuer = core.issuer
        clients = core.clients
        users = core.stores.users
        sessions = SessionCookie(core)
        sealer = core.sealer
        browser = BrowserCookie(of: core.issuer)
        formToken = FormToken(core)
        audit = core.audit
    }

    func proceed(_ signOut: SignOutRequest, _ request: Request) async throws -> Response {
        guard let session = try await sessions.session(of: request) else { return try await signedOut(signOut) }
        guard !signOut.needsConfirmation(by: session) else { return try await confirm(signOut, session, request) }
        return try await end(session, signOut)
    }

    func end(_ session: Session, _ signOut: SignOutRequest) async throws -> Response {
        let cookie = try await sessions.end(session)
        Logger.current.info("signed out", metadata: ["user": "\(session.user)", "session": "\(session.id)"])
        audit.record(.signedOut, user: session.user, client: signOut.client, session: session.id)
        return try await signedOut(signOut).setting(cookie, browser.clearing())
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
