import FoundationEssentials
import HTTPTypes

/// Admits users to their own account. Where finding an unattended browser must not be enough, it requires a recent
/// sign-in.
struct AccountGate: Sendable {
    let sessions: SessionCookie
    let interactions: InteractionKeeper
    let formToken: FormToken
    let recoveries: AccountRecoveries
    /// Seconds for which a sign-in counts as recent.
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
        /// Redirects to sign-in and from there back to the page.
        case elsewhere(Response)
    }

    /// Admits the user or redirects to sign-in. `recently` requires a recent sign-in with all factors, not a trusted
    /// device.
    func enter(_ request: Request, to path: Path, recently: Bool = false) async throws -> Entry {
        guard let (session, user) = try await sessions.current(request) else {
            return .elsewhere(try interactions.start(SignInRequest(location: path.text), in: request))
        }
        Decision.concerns(session.id)
        let isRecent =
            session.authTime.map { now() < $0.addingTimeInterval(lifetime) } == true && !session.trustsDevice
        guard isRecent || !recently else {
            // The user may lack the factor that the session is missing, so a step-up could fail. Only a fresh sign-in
            // is sure to be enough.
            let signIn = SignInRequest(
                location: path.text, asked: .multiFactor, maxAge: 0, user: user.id, loginHint: user.username)
            return .elsewhere(try interactions.start(signIn, in: request))
        }
        return .visitor(Visitor(session: session, user: user, isRecent: isRecent))
    }

    /// Throws if the visitor has shown only access to the mailbox, by resetting the password: a new factor would let
    /// them do what mailbox access alone must not.
    func requireMoreThanMailbox(_ visitor: Visitor) throws(OAuthError) {
        guard visitor.session.context < .multiFactor, recoveries.isPasswordMailed(visitor.user) else { return }
        throw .passwordMailed
    }

    /// Returns an account page with the data that all of them need.
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

    /// Redirects to the overview, so that a reload doesn't repeat the action.
    func overview() -> Response { .redirect(to: interactions.issuer.reference(.account)) }
}
