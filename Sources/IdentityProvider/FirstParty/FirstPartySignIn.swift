import FoundationEssentials
import HTTPTypes
import JOSE

/// Words what came of a sign-in: tokens, or what is still due.
struct FirstPartySignIn: Sendable {
    let issuer: Issuer
    let lifetimes: Lifetimes
    let resources: CachedResourceServers
    let authorizations: any AuthorizationStore
    let tokens: TokenIssuer
    let cookies: TokenCookies
    let sealer: Sealer
    let audit: AuditLog
    let now: @Sendable () -> Date

    init(_ core: Core, tokens: TokenIssuer) {
        issuer = core.issuer
        lifetimes = core.settings.lifetimes
        resources = core.resources
        authorizations = core.stores.authorizations
        self.tokens = tokens
        cookies = TokenCookies(core)
        sealer = core.sealer
        audit = core.audit
        now = core.now
    }

    /// Of one request that began to sign somebody in.
    struct Attempt: Codable, Sendable {
        let client: Identifier<Client>
        let scope: Scope
        /// What the front end would have (RFC 9470 §4).
        let asked: AuthenticationContext?
        let transport: Transport

        private enum CodingKeys: String, CodingKey {
            case client, scope, asked, transport
        }

        func destination(_ client: Client) -> SignIn.Destination {
            SignIn.Destination(client: client, asked: asked, isBrowser: false)
        }
    }

    /// Sealed for whoever must show another factor. It is spent with the factor.
    struct Ticket: Codable, Sendable {
        let id: String
        let attempt: Attempt
        let progress: SignInProgress
        /// What may be asked before the factor is shown.
        let challenge: FactorChallenge

        private enum CodingKeys: String, CodingKey {
            case id, attempt, progress, challenge
        }
    }

    func answer(_ outcome: SignIn.Outcome, of user: User, _ attempt: Attempt, by client: Client) async throws
        -> Response
    {
        switch outcome {
        case .signedIn(let session, _): try await authorize(session, of: user, attempt, by: client)
        case .unfinished(let progress): try due(progress, attempt)
        case .refused: throw OAuthError.authenticationFailed
        }
    }

    /// The answer that carries the tokens of `redemption`, which `grant` brought about.
    func answer(
        _ redemption: Redemption, by grant: GrantType, of user: User, to client: Client, over transport: Transport
    ) async throws -> Response {
        let response = try await tokens.issue(redemption, to: client, isOpenID: false)
        audit.record(
            .tokensIssued(grant: grant, scope: redemption.scope), user: user.id, client: client.id,
            session: redemption.granted.session)
        var answer: JSONObject = [
            "user_id": .string(user.id.rawValue), "token_type": .string(response.scheme.name),
            "expires_in": .integer(response.expiresIn), "scope": .string(response.scope.text),
        ]
        guard transport == .cookie, let authorization = redemption.authorization else {
            answer["access_token"] = .string(response.accessToken)
            answer["refresh_token"] = response.refreshToken.map(JSON.string)
            return .json(answer)
        }
        answer["csrf_token"] = .string(cookies.antiForgeryToken(of: authorization.id))
        let lifetime = RefreshLifetime.end(of: authorization, lifetimes).timeIntervalSince(now())
        return Response.json(answer).setting(
            cookies.access.setting(response.accessToken, maxAge: response.expiresIn),
            response.refreshToken.map { cookies.refresh.setting($0, maxAge: Int(lifetime)) })
    }

    private func authorize(_ session: Session, of user: User, _ attempt: Attempt, by client: Client) async throws
        -> Response
    {
        let target = try TokenTarget(attempt.scope, of: client, in: await resources.catalog())
        let granted = Granted(
            client: client.id, user: user.id, session: session.id, scope: attempt.scope,
            authenticatedAt: session.authenticatedAt, amr: session.amr, acr: session.acr,
            satisfying: session.satisfied
        ).begun(at: now())
        let authorization = Authorization(
            id: .random(), granted: granted, expiresAt: RefreshLifetime.kept(granted, for: client, lifetimes, at: now())
        )
        guard try await authorizations.create(authorization, at: now()) else { throw OAuthError.authenticationFailed }
        audit.record(
            .authorizationGranted(scope: attempt.scope), user: user.id, client: client.id, session: session.id)
        return try await answer(
            Redemption(authorization, of: user, for: target), by: .firstPartySignIn, of: user, to: client,
            over: attempt.transport)
    }

    /// No tokens yet: the ticket goes on with another factor. Setting one up is for the browser.
    private func due(_ progress: SignInProgress, _ attempt: Attempt) throws -> Response {
        switch progress.next {
        case .show(let factors):
            let challenge = FactorChallenge(
                startedAt: progress.startedAt, expiresAt: progress.startedAt.addingTimeInterval(lifetimes.factor))
            let ticket = Ticket(
                id: Identifier<Ticket>.random().rawValue, attempt: attempt, progress: progress, challenge: challenge)
            return ProblemDetails(
                kind: .factorRequired, status: .forbidden, detail: "send the ticket with a factor to /api/auth/mfa",
                members: [
                    "ticket": .string(try sealer.seal(ticket, for: .firstPartyTicket)),
                    "factors": .array(factors.map { .string($0.rawValue) }),
                ]
            ).response
        case .enrol(let factors):
            return ProblemDetails(
                kind: .enrolmentRequired, status: .forbidden, detail: "sign in with a browser to set one up",
                members: [
                    "factors": .array(factors.map { .string($0.rawValue) }),
                    "enrolment_uri": .string(issuer.url(.account)),
                ]
            ).response
        }
    }
}

extension GrantType {
    /// No grant of RFC 6749: what the JSON API hands out for a sign-in, as log and metrics call it.
    static let firstPartySignIn = GrantType(rawValue: "first_party_sign_in")
}

extension SealedPurpose {
    static let firstPartyTicket = transit("first-party ticket") { $0.factor }
}
