import Crypto
import FoundationEssentials
import JOSE

/// One person's way through one authorization request, sealed and carried by the browser while it visits the steps.
struct Interaction: Codable, Sendable {
    /// A first factor that was shown, until the second makes a session of it.
    struct FirstFactor: Codable, Sendable {
        let user: Identifier<User>
        let shownAt: Date
    }

    let request: AuthorizationRequest
    let startedAt: Date
    /// The digest of the identity of the browser that has it; `nil` until a page was shown.
    private(set) var browser: String?
    var firstFactor: FirstFactor?
    /// Whom the consent page was shown to: nobody else can answer it.
    var askedForConsent: Identifier<User>?
    /// What that person agreed to on the way.
    var consented: Scope = []
    var isDenied = false

    init(request: AuthorizationRequest, startedAt: Date) {
        self.request = request
        self.startedAt = startedAt
    }

    /// What the person still has to do.
    enum Step: Equatable { case signIn, secondFactor, consent(Scope), respond(Session) }

    /// OpenID Connect Core §3.1.2.3, §3.1.2.4. No step knows another: every step sends the browser back to the
    /// authorization endpoint, which asks here. `remembered` is what the person agreed to before.
    func nextStep(session: Session?, client: Client, remembered: Scope) throws(OAuthError) -> Step {
        guard !isDenied else { throw OAuthError(code: .accessDenied, description: "the person refused") }
        let isSilent = request.prompt == [.none]
        guard let session, isFresh(session), try isWanted(session), try isStrongEnough(session) else {
            guard !isSilent else {
                throw OAuthError(code: .loginRequired, description: "the person must sign in")
            }
            return firstFactor == nil ? .signIn : .secondFactor
        }
        let missing = missingConsent(of: session.user, client: client, remembered: remembered)
        guard missing.isEmpty else {
            guard !isSilent else {
                throw OAuthError(code: .consentRequired, description: "the person must agree")
            }
            return .consent(missing)
        }
        return .respond(session)
    }

    /// Both rules count from the start of the interaction: a slow reader of the consent page is not sent back.
    private func isFresh(_ session: Session) -> Bool {
        // Sign-in times are kept in whole milliseconds.
        let signedInDuring = session.authenticatedAt.timeIntervalSince(startedAt) > -0.002
        if !request.prompt.isDisjoint(with: [.login, .selectAccount]), !signedInDuring { return false }
        guard let maxAge = request.maxAge else { return true }
        return signedInDuring || session.authenticatedAt.addingTimeInterval(TimeInterval(maxAge)) >= startedAt
    }

    /// `id_token_hint` or `claims` names somebody: nobody else is answered for (OpenID Connect Core §3.1.2.1, §5.5.1).
    private func isWanted(_ session: Session) throws(OAuthError) -> Bool {
        let asked = request.claims?.subjects ?? []
        let isAsked = asked.isEmpty || asked.contains(session.user.rawValue)
        guard request.subject ?? session.user != session.user || !isAsked else { return true }
        guard session.authenticatedAt < startedAt else {
            throw OAuthError(code: .loginRequired, description: "another person signed in")
        }
        return false
    }

    /// An essential `acr` that is not reached is a failed sign-in (OpenID Connect Core §5.5.1.1). A session of before may
    /// be bettered by signing in again.
    private func isStrongEnough(_ session: Session) throws(OAuthError) -> Bool {
        let wanted = request.claims?.essentialContexts ?? []
        guard !wanted.isEmpty, !wanted.contains(session.acr) else { return true }
        guard session.authenticatedAt < startedAt else {
            throw OAuthError(
                code: .unmetAuthenticationRequirements, description: "the person did not sign in as was asked for")
        }
        return false
    }

    private func missingConsent(of user: Identifier<User>, client: Client, remembered: Scope) -> Scope {
        if client.skipsConsent { return [] }
        // In another tab somebody else may have signed in meanwhile.
        let consented = user == askedForConsent ? consented : []
        // Asked for again, what was agreed before does not count.
        if request.prompt.contains(.consent) { return request.consentScope.subtracting(consented) }
        return request.consentScope.subtracting(remembered).subtracting(consented)
    }
}

extension Interaction.Step {
    /// For traces.
    var name: String {
        switch self {
        case .signIn: "sign-in"
        case .secondFactor: "second-factor"
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
