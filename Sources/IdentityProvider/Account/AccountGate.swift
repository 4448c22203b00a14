import FoundationEssentials
import HTTPTypes

/// Who sees and changes an account: whoever is signed in to it, and signed in just now where an open browser that somebody
/// else finds must not be enough.
struct AccountGate: Sendable {
    let sessions: SessionCookie
    let interactions: InteractionKeeper
    let formToken: FormToken
    let recoveries: AccountRecoveries
    /// Seconds for which a sign-in is recent.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        sessions = SessionCookie(core)
        interactions = InteractionKeeper(core)
        formToken = FormToken(core)
        recoveries = AccountRecoveries(core)
        lifetime = core.settings.lifetimes.factor
        now = core.now
    }

    struct Visitor: Sendable {
        let session: Session
        let user: User
        let isRecent: Bool
    }

    enum Entry: Sendable {
        case visitor(Visitor)
        /// Leads to the sign-in pages, and from there back to the page.
        case elsewhere(Response)
    }

    /// `recently` asks for every factor that the person has, a short while ago at most.
    func enter(_ request: Request, to path: Path, recently: Bool = false) async throws -> Entry {
        guard let (session, user) = try await sessions.current(request) else {
            return .elsewhere(try interactions.start(SignInRequest(location: path.text), in: request))
        }
        Decision.concerns(session.id)
        let isRecent =
            now() < session.authenticatedAt.addingTimeInterval(lifetime) && !session.trustsDevice
        guard isRecent || !recently else {
            // What the session lacks may be what its person cannot show: only a sign-in of now is sure to be enough.
            let signIn = SignInRequest(
                location: path.text, asked: .multiFactor, maxAge: 0, user: user.id, loginHint: user.username)
            return .elsewhere(try interactions.start(signIn, in: request))
        }
        return .visitor(Visitor(session: session, user: user, isRecent: isRecent))
    }

    /// Throws where the visitor has shown nothing but the mailbox, by which the password was just reset: a factor of theirs
    /// would get them past what the mailbox must not.
    func requireMoreThanMailbox(_ visitor: Visitor) throws(OAuthError) {
        guard visitor.session.context < .multiFactor, recoveries.isPasswordMailed(visitor.user) else { return }
        throw .passwordMailed
    }

    /// A page of the account, with what all of them need.
    func page(_ template: String, at path: Path, for visitor: Visitor, _ request: Request) -> (Page, cookie: String?) {
        let (identity, cookie) = interactions.browser.identityOrNew(in: request)
        let issuer = interactions.issuer
        let page = Page(
            template,
            data: [
                "action": .text(issuer.reference(path)), "account_uri": .text(issuer.reference(.account)),
                "form_token": .text(formToken.value(for: identity, in: request)),
                "is_wide": .flag(template == "account"),
                "user": ["name": .text(visitor.user.displayName), "username": .text(visitor.user.username)],
            ])
        return (page, cookie)
    }

    /// Back to the overview, so that a reload does nothing twice.
    func overview() -> Response { .redirect(to: interactions.issuer.reference(.account)) }
}
