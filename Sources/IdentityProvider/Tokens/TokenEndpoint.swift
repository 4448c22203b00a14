import HTTPTypes
import JOSE

extension Path { static let token = Path("/token") }

/// The token endpoint (RFC 6749 §3.2).
struct TokenEndpoint: Endpoint {
    private let authenticator: ClientAuthenticator
    private let constraint: SenderConstraint
    private let grants: [GrantType: any Grant]
    private let issuer: TokenIssuer
    private let audit: AuditLog
    let routes = [Route.post(.token, rateLimit: .clients, isSharedAcrossOrigins: true)]

    init(_ core: Core, authenticator: ClientAuthenticator, issuer: TokenIssuer) {
        grants = Dictionary(uniqueKeysWithValues: Grants.all.map { ($0.type, $0.init(core)) })
        constraint = SenderConstraint(core)
        audit = core.audit
        self.authenticator = authenticator
        self.issuer = issuer
    }

    func respond(to request: Request) async throws -> Response {
        let request = try await TokenRequest(request, authenticator: authenticator, constraint: constraint)
        let (type, client) = (try request.grantType, request.client)
        guard let grant = grants[type] else {
            throw OAuthError(code: .unsupportedGrantType, description: "grant_type is not supported")
        }
        try client.require(type)
        let redemption = try await grant.redeem(request)
        let response = try await issuer.issue(
            redemption, to: client.client, boundTo: request.proof.confirmation, isOpenID: true)
        audit.record(
            .tokensIssued(grant: type, scope: redemption.scope, audience: redemption.target.servers.map(\.identifier)),
            user: redemption.granted.user, client: client.id, session: redemption.granted.session,
            by: .client(client.id))
        return Response.json(response.json).offering(request.proof.dpop?.nextNonce)
    }

    func describe(in metadata: inout ServerMetadata) {
        metadata["token_endpoint"] = metadata.url(.token)
        metadata["grant_types_supported"] = .array(Grants.types.map { .string($0.rawValue) })
        metadata["id_token_signing_alg_values_supported"] = .array(KeyRing.algorithms.map { .string($0.rawValue) })
        metadata["subject_types_supported"] = ["public"]
        metadata["dpop_signing_alg_values_supported"] = .array(DPoPProof.algorithms.map { .string($0.rawValue) })
        metadata.describe(ClientAuthentication.methods, at: "token_endpoint")
    }
}
