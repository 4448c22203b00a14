import Crypto
import FoundationEssentials
import JOSE

/// The progress of one request through sign-in and consent. The browser carries it, sealed.
struct Interaction: Codable, Sendable {
    var purpose: Purpose
    let startedAt: Date
    /// When the request was made, if the interaction restarted an earlier one.
    let requestedAt: Date?
    /// The digest of the browser's identity; `nil` until the interaction is bound to a browser.
    private(set) var browser: String?
    /// The factors shown so far, until they result in a session.
    var progress: SignInProgress?
    /// The session whose user has already been asked for every further factor.
    var exhausted: Identifier<Session>?
    /// The user who saw the consent page; only they can answer it.
    var askedForConsent: Identifier<User>?
    /// The scope that this user consented to during the interaction.
    var consented: Scope = []
    /// Whether this user consented to the authorization details of the request as well.
    var consentsToDetails: Bool?
    var isDenied = false
    /// The person who came from an upstream without an account here.
    var guest: UpstreamGuest?
    /// The upstream that the browser was sent to. From then on, it isn't sent anywhere without asking, so that a failure
    /// can't become a loop.
    var forwarded: Identifier<Upstream>?
    /// The upstream that must confirm a new sign-in, because the one before was too old for what comes next.
    var reauthenticating: Identifier<Upstream>?
    /// The session that the user chose, or started, during the interaction.
    var account: Identifier<Session>?
    /// Whether the sign-in adds an account to those of the browser and ends none.
    var addsAccount: Bool?

    private enum CodingKeys: String, CodingKey {
        case purpose, startedAt, requestedAt, browser, progress, exhausted, askedForConsent, consented,
            consentsToDetails, isDenied, guest, forwarded, reauthenticating, account, addsAccount
    }

    init(_ purpose: Purpose, startedAt: Date, requestedAt: Date? = nil) {
        self.purpose = purpose
        self.startedAt = startedAt
        self.requestedAt = requestedAt
    }

    /// Returns the interaction for the way back to an upstream that must confirm a new sign-in.
    func reauthenticating(at upstream: Identifier<Upstream>) -> Interaction {
        var interaction = self
        interaction.progress = nil
        interaction.reauthenticating = upstream
        return interaction
    }

    /// Returns the interaction as it goes on with the session that the user chose. Factors shown by someone else, and the
    /// account at an upstream that their sign-in was to link, are dropped.
    func choosing(_ session: Identifier<Session>) -> Interaction {
        var interaction = self
        interaction.forgetConsent()
        interaction.progress = nil
        interaction.guest = nil
        interaction.addsAccount = nil
        interaction.account = session
        return interaction
    }

    /// Returns the interaction for a sign-in with an account that is not signed in in this browser yet.
    func addingAccount() -> Interaction {
        var interaction = self
        interaction.forgetConsent()
        interaction.purpose = purpose.with(loginHint: nil)
        interaction.progress = nil
        interaction.account = nil
        interaction.addsAccount = true
        return interaction
    }

    /// Forgets what a user consented to during the interaction.
    mutating func forgetConsent() {
        consented = []
        consentsToDetails = nil
    }

    /// The next thing to do.
    enum Step: Equatable {
        case signIn, signUp, selectAccount, secondFactor, enrol
        /// The session is too weak: the user must show another factor.
        case strengthen(Session)
        case consent(Scope)
        case respond(Session)
    }

    /// Returns the next step (OpenID Connect Core §3.1.2.3, §3.1.2.4). Steps don't know each other: each sends the
    /// browser back to the endpoint at `path`, which calls this again. `isUndecided` means that the user must choose an
    /// account; `remembered` is the scope of earlier consent.
    func nextStep(
        session: Session?, isUndecided: Bool, policy: SignInPolicy, client: Client?, remembered: Scope
    ) throws(OAuthError) -> Step {
        guard !isDenied else { throw OAuthError(code: .accessDenied, description: "the user denied the request") }
        guard let session else { return try interactive(stepUnderWay(with: nil) ?? firstStep(isUndecided)) }
        guard isFresh(session), try isWanted(session) else {
            return try interactive(stepUnderWay(with: nil) ?? .signIn)
        }
        guard policy.isSatisfied(by: session) else {
            return try interactive(isExhausted(session) ? stepUnderWay(with: nil) ?? .signIn : more(than: session))
        }
        guard try isStrongEnough(session), !isBetterAsked(of: session, policy) else {
            return try interactive(more(than: session))
        }
        if let missing = try missingConsent(of: session.user, client: client, remembered: remembered) {
            guard !isSilent else {
                throw OAuthError(code: .consentRequired, description: "the user must consent")
            }
            return .consent(missing)
        }
        return .respond(session)
    }

    private func more(than session: Session) -> Step { stepUnderWay(with: session) ?? .strengthen(session) }

    private func isExhausted(_ session: Session) -> Bool { exhausted == session.id }

    private func firstStep(_ isUndecided: Bool) -> Step {
        isUndecided ? .selectAccount : mustSignUp ? .signUp : .signIn
    }

    private func interactive(_ step: Step) throws(OAuthError) -> Step {
        guard isSilent else { return step }
        guard step != .selectAccount else {
            throw OAuthError(code: .accountSelectionRequired, description: "the user must choose an account")
        }
        throw OAuthError(code: .loginRequired, description: "the user must sign in")
    }

    /// Returns the next step of the sign-in in progress. Progress that strengthens a session requires that session.
    private func stepUnderWay(with session: Session?) -> Step? {
        guard let progress, progress.authenticatedAt == nil || progress.strengthens(session) else { return nil }
        return switch progress.next {
        case .show: .secondFactor
        case .enrol: .enrol
        }
    }

    /// Whether the sign-in took place during the interaction. Sign-in times are stored in whole milliseconds.
    private func isDuring(_ session: Session) -> Bool {
        session.authenticatedAt.timeIntervalSince(startedAt) > -0.002
    }

    /// Whether the session satisfies `prompt=login` and `max_age`. Both count from the start of the interaction, so
    /// that a user who takes time on the consent page isn't sent back to sign in.
    private func isFresh(_ session: Session) -> Bool {
        if mustSignInAgain, !isDuring(session) || !session.provesTime { return false }
        guard let maxAge else { return true }
        guard session.provesTime else { return false }
        return isDuring(session) || session.authenticatedAt.addingTimeInterval(TimeInterval(maxAge)) >= startedAt
    }

    /// Whether the session belongs to the user named by `id_token_hint` or `claims` (OpenID Connect
    /// Core §3.1.2.1, §5.5.1). Throws `login_required` if a different user has just signed in, which after a sign-in at
    /// an upstream the time doesn't show.
    private func isWanted(_ session: Session) throws(OAuthError) -> Bool {
        guard !isFor(session.user) else { return true }
        guard !isDuring(session), !isExhausted(session) else {
            throw OAuthError(code: .loginRequired, description: "a different user signed in", reason: .otherUser)
        }
        return false
    }

    /// Whether the session reaches an essential `acr`. Throws if the user can't reach it, which counts as a failed
    /// sign-in (OpenID Connect Core §5.5.1.1). A session from before the interaction can still be strengthened.
    private func isStrongEnough(_ session: Session) throws(OAuthError) -> Bool {
        guard context(of: session) == nil else { return true }
        guard !isDuring(session), !isExhausted(session) else {
            throw OAuthError(
                code: .unmetAuthenticationRequirements, description: "the sign-in does not reach a requested acr",
                reason: .signInTooWeak)
        }
        return false
    }

    /// Whether to ask for the stronger context that the client prefers (RFC 9470 §4). Users are asked once and continue
    /// without it if they can't reach it.
    private func isBetterAsked(of session: Session, _ policy: SignInPolicy) -> Bool {
        guard let asked = policy.asked, session.context < asked else { return false }
        return !isDuring(session) && !isExhausted(session)
    }

    /// Returns the scope to ask for, which is empty if only authorization details are missing; `nil` if nothing is.
    private func missingConsent(of user: Identifier<User>, client: Client?, remembered: Scope) throws(OAuthError)
        -> Scope?
    {
        switch purpose {
        case .signIn: return nil
        case .authorization(let request):
            // Whether consent may be skipped depends on the client.
            guard let client else { throw .interactionLost }
            if client.skipsConsent { return nil }
            // A different user may have signed in since, in another tab.
            let isAsked = user == askedForConsent
            let consented = isAsked ? consented : []
            // Details are about one transaction, so earlier consent never covers them.
            let hasDetails = request.details == nil || isAsked && consentsToDetails == true
            // `prompt=consent` ignores earlier consent.
            let former = request.prompt.contains(.consent) ? [] : remembered
            let missing = request.consentScope.subtracting(former).subtracting(consented)
            return missing.isEmpty && hasDetails ? nil : missing
        }
    }
}

extension Interaction.Step {
    /// The name in traces and audit records.
    var name: String {
        switch self {
        case .signIn: "sign-in"
        case .signUp: "sign-up"
        case .selectAccount: "select-account"
        case .secondFactor: "second-factor"
        case .enrol: "enrol"
        case .strengthen: "strengthen"
        case .consent: "consent"
        case .respond: "respond"
        }
    }
}

extension Interaction {
    mutating func bind(to identity: BrowserIdentity) { browser = Self.digest(identity) }

    /// Whether the interaction belongs to the browser with `identity`. Progress counts in one browser only, so that an
    /// attacker can't start a sign-in and make a victim complete it.
    func isBound(to identity: BrowserIdentity?) -> Bool {
        guard let browser, let identity else { return false }
        return ConstantTime.equal(Array(browser.utf8), Array(Self.digest(identity).utf8))
    }

    private static func digest(_ identity: BrowserIdentity) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array(identity.value.utf8))))
    }
}
