import Crypto
import FoundationEssentials
import JOSE

/// One user's way through one request, step by step, sealed and carried by the browser.
struct Interaction: Codable, Sendable {
    let purpose: Purpose
    let startedAt: Date
    /// The digest of the identity of the browser that has it; `nil` until a page was shown.
    private(set) var browser: String?
    /// What was shown on the way, until it makes a session.
    var progress: SignInProgress?
    /// A session whose person was asked for all that they can show beyond it.
    var exhausted: Identifier<Session>?
    /// Whom the consent page was shown to: nobody else can answer it.
    var askedForConsent: Identifier<User>?
    /// What that person agreed to on the way.
    var consented: Scope = []
    var isDenied = false

    private enum CodingKeys: String, CodingKey {
        case purpose, startedAt, browser, progress, exhausted, askedForConsent, consented, isDenied
    }

    init(_ purpose: Purpose, startedAt: Date) {
        self.purpose = purpose
        self.startedAt = startedAt
    }

    /// What the person still has to do.
    enum Step: Equatable {
        case signIn, secondFactor, enrol
        /// The session is too weak: more must be shown beyond it.
        case strengthen(Session)
        case consent(Scope)
        case respond(Session)
    }

    /// OpenID Connect Core §3.1.2.3, §3.1.2.4. No step knows another: every step sends the browser back to the endpoint
    /// that the purpose names, which asks here. `remembered` is what the person agreed to before.
    func nextStep(session: Session?, policy: SignInPolicy, client: Client?, remembered: Scope) throws(OAuthError)
        -> Step
    {
        guard !isDenied else { throw OAuthError(code: .accessDenied, description: "the person refused") }
        guard let session, isFresh(session), try isWanted(session) else {
            return try interactive(stepUnderWay(with: nil) ?? .signIn)
        }
        guard policy.isSatisfied(by: session) else {
            return try interactive(isExhausted(session) ? stepUnderWay(with: nil) ?? .signIn : more(than: session))
        }
        guard try isStrongEnough(session), !isBetterAsked(of: session, policy) else {
            return try interactive(more(than: session))
        }
        let missing = try missingConsent(of: session.user, client: client, remembered: remembered)
        guard missing.isEmpty else {
            guard !isSilent else {
                throw OAuthError(code: .consentRequired, description: "the person must agree")
            }
            return .consent(missing)
        }
        return .respond(session)
    }

    private func more(than session: Session) -> Step { stepUnderWay(with: session) ?? .strengthen(session) }

    private func isExhausted(_ session: Session) -> Bool { exhausted == session.id }

    private func interactive(_ step: Step) throws(OAuthError) -> Step {
        guard !isSilent else { throw OAuthError(code: .loginRequired, description: "the person must sign in") }
        return step
    }

    /// The next step of what the person began to show. What strengthens a session is nothing without that.
    private func stepUnderWay(with session: Session?) -> Step? {
        guard let progress, progress.authenticatedAt == nil || progress.strengthens(session) else { return nil }
        return switch progress.next {
        case .show: .secondFactor
        case .enrol: .enrol
        }
    }

    /// Sign-in times are kept in whole milliseconds.
    private func isDuring(_ session: Session) -> Bool {
        session.authenticatedAt.timeIntervalSince(startedAt) > -0.002
    }

    /// Both rules count from the start of the interaction: a slow reader of the consent page is not sent back.
    private func isFresh(_ session: Session) -> Bool {
        if mustSignInAgain, !isDuring(session) { return false }
        guard let maxAge else { return true }
        return isDuring(session) || session.authenticatedAt.addingTimeInterval(TimeInterval(maxAge)) >= startedAt
    }

    /// `id_token_hint` or `claims` names somebody: nobody else is answered for (OpenID Connect Core §3.1.2.1, §5.5.1).
    private func isWanted(_ session: Session) throws(OAuthError) -> Bool {
        guard !isFor(session.user) else { return true }
        guard !isDuring(session) else {
            throw OAuthError(code: .loginRequired, description: "another person signed in", reason: .otherUser)
        }
        return false
    }

    /// An essential `acr` that is not reached is a failed sign-in (OpenID Connect Core §5.5.1.1). A session of before may
    /// be bettered.
    private func isStrongEnough(_ session: Session) throws(OAuthError) -> Bool {
        guard context(of: session) == nil else { return true }
        guard !isDuring(session), !isExhausted(session) else {
            throw OAuthError(
                code: .unmetAuthenticationRequirements, description: "the person did not sign in as was asked for",
                reason: .signInTooWeak)
        }
        return false
    }

    /// What the client would have is asked for once (RFC 9470 §4); whoever cannot show it goes on without.
    private func isBetterAsked(of session: Session, _ policy: SignInPolicy) -> Bool {
        guard let asked = policy.asked, session.context < asked else { return false }
        return !isDuring(session) && !isExhausted(session)
    }

    private func missingConsent(of user: Identifier<User>, client: Client?, remembered: Scope) throws(OAuthError)
        -> Scope
    {
        switch purpose {
        case .signIn: return []
        case .authorization(let request):
            // Without a client nobody can tell whether consent may be skipped.
            guard let client else { throw .interactionLost }
            if client.skipsConsent { return [] }
            // In another tab, another user may have signed in since.
            let consented = user == askedForConsent ? consented : []
            // With `prompt=consent` former consent does not count.
            let former = request.prompt.contains(.consent) ? [] : remembered
            return request.consentScope.subtracting(former).subtracting(consented)
        }
    }
}

extension Interaction.Step {
    /// For traces.
    var name: String {
        switch self {
        case .signIn: "sign-in"
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

    /// Whether `identity` may go on with it: progress made in one browser is worth nothing in another, so nobody can
    /// make a victim finish what an attacker began.
    func isBound(to identity: BrowserIdentity?) -> Bool {
        guard let browser, let identity else { return false }
        return ConstantTime.equal(Array(browser.utf8), Array(Self.digest(identity).utf8))
    }

    private static func digest(_ identity: BrowserIdentity) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array(identity.value.utf8))))
    }
}
