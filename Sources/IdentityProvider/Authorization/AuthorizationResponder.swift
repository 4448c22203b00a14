import FoundationEssentials
import JOSE

/// Creates authorization responses (RFC 6749 §4.1.2, §4.1.2.1), always with `iss` (RFC 9207 §2).
struct AuthorizationResponder: Sendable {
    let issuer: Issuer
    let clients: any ClientStore
    let sealer: Sealer
    let signer: TokenSigner
    /// Lifetime of authorization codes, in seconds.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        clients = core.clients
        sealer = core.sealer
        signer = TokenSigner(core)
        lifetime = core.settings.lifetimes.authorizationCode
        now = core.now
    }

    func respond(to request: AuthorizationRequest, for session: Session, acr: String) async throws -> Response {
        let granted = Granted(
            client: request.client, user: session.user, session: session.id, scope: request.scope,
            resources: request.resources, nonce: request.nonce, claims: request.claims,
            authenticatedAt: session.authTime, sessionEndsAt: session.expiresAt, amr: session.amr, acr: acr,
            satisfying: session.satisfied)
        let code = AuthorizationCode(
            id: .random(), granted: granted, redirectURI: request.redirect.uri, pkce: request.pkce,
            expiresAt: now().addingTimeInterval(lifetime), dpopKey: request.dpopKey)
        let answer = [(name: "code", value: try sealer.seal(code, for: .authorizationCode))]
        return try await send(answer, to: request.redirect, of: request.client)
    }

    func redirect(_ error: OAuthError, to redirect: VerifiedRedirect, of client: Identifier<Client>) async throws
        -> Response
    {
        let answer = [(name: "error", value: error.code.rawValue), ("error_description", error.description)]
        return try await send(answer, to: redirect, of: client)
    }

    private func send(
        _ answer: [(name: String, value: String)], to redirect: VerifiedRedirect, of client: Identifier<Client>
    ) async throws -> Response {
        var answer = answer + (redirect.state.map { [("state", $0)] } ?? [])
        if redirect.mode.isSigned {
            answer = [("response", try await signed(answer, for: client))]
        } else {
            answer.append(("iss", issuer.identifier))
        }
        return switch redirect.mode.place {
        case .query: .redirect(to: redirect.location(adding: answer))
        case .fragment: .redirect(to: redirect.location(withFragment: answer))
        case .form: .page(FormPostPage.make(answer, to: redirect))
        }
    }

    /// Returns the response as a JWT, which has the issuer inside (JARM §2.1).
    private func signed(_ answer: [(name: String, value: String)], for client: Identifier<Client>) async throws
        -> String
    {
        var claims: JSONObject = [
            "iss": .string(issuer.identifier), "aud": .string(client.rawValue),
            "exp": .integer(Int(now().timeIntervalSince1970) + Self.signedLifetime),
        ]
        for (name, value) in answer { claims[name] = .string(value) }
        let algorithm = try await clients.registered(client).algorithms.authorizationResponse
        return try await signer.sign(claims, type: "JWT", by: algorithm)
    }

    /// In seconds: time for the browser to reach the client. At most ten minutes (JARM §2.1).
    private static let signedLifetime = 120
}
