import FoundationEssentials
import HTTPTypes
import JOSE

/// Builds the response to a sign-in: tokens, or the step that remains.
struct FirstPartySignIn: Sendable {
    let issuer: Issuer
    let lifetimes: Lifetimes
    let resources: CachedResourceServers
    let authorizations: any AuthorizationStore
    let tokens: TokenIssuer
    let constraint: SenderConstraint
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
        constraint = SenderConstraint(core)
        cookies = TokenCookies(core)
        sealer = core.sealer
        audit = core.audit
        now = core.now
    }

    /// The parameters of the request that started the sign-in.
    struct Attempt: Codable, Sendable {
        let client: Identifier<Client>
        let scope: Scope
        /// The context that the front end asks for (RFC 9470 §4).
        let asked: AuthenticationContext?
        let transport: Transport

        private enum CodingKeys: String, CodingKey {
            case client, scope, asked, transport
        }

        func destination(_ client: Client) -> SignIn.Destination {
            SignIn.Destination(client: client, asked: asked, isBrowser: false)
        }
    }

    /// The sealed state of a sign-in that needs another factor. Consumed together with the factor.
    struct Ticket: Codable, Sendable {
        let id: String
        let attempt: Attempt
        let progress: SignInProgress
        /// The secret for codes and challenges sent before the factor is shown.
        let challenge: FactorChallenge

        private enum CodingKeys: String, CodingKey {
            case id, attempt, progress, challenge
        }
    }

    /// Returns the keys that the tokens will be bound to. Comes before the credentials are checked, so that an error says
    /// nothing about them. Throws the errors of `SenderConstraint`, and `invalid_request` for tokens in cookies, which
    /// can't be bound: a browser sends them without a proof.
    func proof(in request: Request, of client: Client, over transport: Transport) async throws -> SenderProof {
        let proof = try await constraint.proof(in: request, from: client)
        guard transport == .body || proof.confirmation == nil else {
            throw OAuthError.invalidRequest("tokens in cookies can't be bound to a key; use transport body")
        }
        return proof
    }

    func answer(
        _ outcome: SignIn.Outcome, of user: User, _ attempt: Attempt, by client: Client, provenBy proof: SenderProof
    ) async throws -> Response {
        switch outcome {
        case .signedIn(let session, _):
            try await authorize(session, of: user, attempt, by: client, provenBy: proof)
        case .unfinished(let progress): try due(progress, attempt)
        case .refused, .stale: throw OAuthError.authenticationFailed
        }
    }

    /// Returns the response with the tokens of `redemption`, which came from `grant`, bound to the keys of `proof`.
    func answer(
        _ redemption: Redemption, by grant: GrantType, of user: User, to client: Client, over transport: Transport,
        provenBy proof: SenderProof
    ) async throws -> Response {
        let response = try await tokens.issue(redemption, to: client, boundTo: proof.confirmation, isOpenID: false)
        audit.record(
            .tokensIssued(
                grant: grant, scope: redemption.scope, audience: redemption.target.servers.map(\.identifier)),
            user: user.id, client: client.id, session: redemption.granted.session)
        var answer: JSONObject = [
            "user_id": .string(user.id.rawValue), "token_type": .string(response.scheme.name),
            "expires_in": .integer(response.expiresIn), "scope": .string(response.scope.text),
        ]
        guard transport == .cookie, let authorization = redemption.authorization else {
            answer["access_token"] = .string(response.accessToken)
            answer["refresh_token"] = response.refreshToken.map(JSON.string)
            return Response.json(answer).offering(proof.dpop?.nextNonce)
        }
        answer["csrf_token"] = .string(cookies.antiForgeryToken(of: authorization.id))
        let lifetime = RefreshLifetime.end(of: authorization, lifetimes).timeIntervalSince(now())
        return Response.json(answer).setting(
            cookies.access.setting(response.accessToken, maxAge: response.expiresIn),
            response.refreshToken.map { cookies.refresh.setting($0, maxAge: Int(lifetime)) })
    }

    private func authorize(
        _ session: Session, of user: User, _ attempt: Attempt, by client: Client, provenBy proof: SenderProof
    ) async throws -> Response {
        let target = try TokenTarget(attempt.scope, of: client, in: await resources.catalog())
        let granted = Granted(
            client: client.id, user: user.id, session: session.id, scope: attempt.scope,
            authenticatedAt: session.authTime, sessionEndsAt: session.expiresAt, amr: session.amr, acr: session.acr,
            satisfying: session.satisfied
        ).begun(at: now(), boundTo: client.isPublic ? proof.confirmation : nil)
        let authorization = Authorization(
            id: .random(), granted: granted, expiresAt: RefreshLifetime.kept(granted, for: client, lifetimes, at: now())
        )
        guard
            try await authorizations.create(
                authorization, interest: client.logoutRules.interest, at: now())
        else { throw OAuthError.authenticationFailed }
        audit.record(
            .authorizationGranted(scope: attempt.scope), user: user.id, client: client.id, session: session.id)
        return try await answer(
            Redemption(authorization, of: user, for: target), by: .firstPartySignIn, of: user, to: client,
            over: attempt.transport, provenBy: proof)
    }

    /// Returns a problem instead of tokens. Another factor continues with the ticket; enrollment happens in the
    /// browser.
    private func due(_ progress: SignInProgress, _ attempt: Attempt) throws -> Response {
        switch progress.next {
        case .show(let factors):
            let challenge = FactorChallenge(
                startedAt: progress.startedAt, expiresAt: progress.startedAt.addingTimeInterval(lifetimes.factor))
            let ticket = Ticket(
                id: Identifier<Ticket>.random().rawValue, attempt: attempt, progress: progress, challenge: challenge)
            return ProblemDetails(
                kind: .factorRequired, status: .forbidden,
                detail: "send the ticket and one of the factors to /api/auth/mfa",
                members: [
                    "ticket": .string(try sealer.seal(ticket, for: .firstPartyTicket)),
                    "factors": .array(factors.map { .string($0.rawValue) }),
                ]
            ).response
        case .enrol(let factors):
            return ProblemDetails(
                kind: .enrolmentRequired, status: .forbidden,
                detail: "open enrolment_uri in a browser and set up one of the factors",
                members: [
                    "factors": .array(factors.map { .string($0.rawValue) }),
                    "enrolment_uri": .string(issuer.url(.account)),
                ]
            ).response
        }
    }
}

extension GrantType {
    /// Not a grant of RFC 6749. Names sign-ins of the JSON API in logs and metrics.
    static let firstPartySignIn = GrantType(rawValue: "first_party_sign_in")
}

extension SealedPurpose {
    static let firstPartyTicket = transit("first-party ticket") { $0.factor }
}
