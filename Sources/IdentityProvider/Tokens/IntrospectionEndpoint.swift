import FoundationEssentials
import HTTPTypes
import JOSE

extension Path { static let introspection = Path("/introspect") }

/// The introspection endpoint (RFC 7662). A token that the client may not read is reported as inactive.
struct IntrospectionEndpoint: Endpoint {
    private let issuer: Issuer
    private let authenticator: ClientAuthenticator
    private let resources: CachedResourceServers
    private let entitlements: CachedEntitlements
    private let attributes: CachedAttributes
    private let bearers: BearerAuthenticator
    private let refreshTokens: RefreshTokenReader
    private let signer: TokenSigner
    private let now: @Sendable () -> Date
    let routes = [Route.post(.introspection, rateLimit: .clients)]

    init(_ core: Core, authenticator: ClientAuthenticator, bearers: BearerAuthenticator) {
        issuer = core.issuer
        resources = core.resources
        entitlements = core.entitlements
        attributes = core.attributes
        refreshTokens = RefreshTokenReader(core)
        signer = TokenSigner(core)
        now = core.now
        self.authenticator = authenticator
        self.bearers = bearers
    }

    func respond(to request: Request) async throws -> Response {
        let client = try await authenticator.authenticate(request)
        try client.requireConfidential()
        let text = try request.parameters.required("token")
        let description =
            if let bearer = try await bearers.bearer(text) {
                try await describe(bearer, to: client)
            } else {
                try await describeRefreshToken(text, to: client)
            }
        return try await response(description ?? ["active": false], to: client.client, request)
    }

    /// The media type of signed responses (RFC 9701 §4, §5).
    private static let signedType = "token-introspection+jwt"

    /// Signs the response if the resource server asks for that, or if its profile demands it (RFC 9701 §4; FAPI 2.0
    /// Message Signing §5.5).
    private func response(
        _ description: JSONObject, to client: Client, _ request: Request
    ) async throws -> Response {
        let type = "application/\(Self.signedType)"
        let accepted = request.headers[.accept]?.lowercased().split(separator: ",") ?? []
        let isAsked = accepted.contains { $0.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" } == type }
        guard isAsked || client.profile?.signsMessages == true else { return .json(description) }
        // Neither sub nor exp, so that nobody takes the response for an access token (RFC 9701 §5).
        let claims: JSONObject = [
            "iss": .string(issuer.identifier), "aud": .string(client.id.rawValue),
            "iat": .integer(Int(now().timeIntervalSince1970)), "token_introspection": .object(description),
        ]
        let text = try await signer.sign(claims, type: Self.signedType, by: client.algorithms.introspection)
        return .jwt(text, type: type)
    }

    /// Returns `nil` if `client` may not read the token.
    private func describe(_ bearer: AuthenticatedBearer, to client: AuthenticatedClient) async throws -> JSONObject? {
        let catalog = try await resources.catalog()
        let servers = catalog.introspectors(of: bearer.token)
        guard client.mayRead(bearer.token, for: servers) else { return nil }
        // The holder of an opaque token must learn no more from it than the token says.
        let isDisclosed = client.acts(for: servers) || servers.allSatisfy { $0.format == .jwt }
        // First, so that they can't replace other members.
        var description = isDisclosed ? try await attributeClaims(of: bearer, for: servers) : [:]
        description.merge(bearer.token.claims(issuer: issuer))
        description["authorization_details"] =
            client.details(of: bearer.token, for: servers, in: catalog)?.json
        description["active"] = true
        description["token_type"] = .string(bearer.scheme.name)
        if let user = bearer.person?.user {
            description["username"] = .string(user.username)
            if isDisclosed {
                // The user's current entitlements, limited to those that the audience is configured to get.
                description.merge(try await entitlements.entitlements(of: user).claims(for: servers))
            }
        }
        return description
    }

    private func attributeClaims(
        of bearer: AuthenticatedBearer, for servers: [ResourceServer]
    ) async throws -> JSONObject {
        guard let user = bearer.person?.user else { return [:] }
        return try await attributes.attributes(of: user)
            .carried(with: bearer.token.scope, from: bearer.token.client, to: servers.map(\.identifier))
    }

    /// Returns `nil` unless the token was issued to `client`.
    private func describeRefreshToken(_ text: String, to client: AuthenticatedClient) async throws -> JSONObject? {
        guard let presented = try await refreshTokens.read(text),
            case let granted = presented.authorization.granted, granted.client == client.id,
            let end = try await refreshTokens.end(of: presented)
        else { return nil }
        var description: JSONObject = [
            "active": true, "iss": .string(issuer.identifier), "client_id": .string(client.id.rawValue),
            "sub": .string(granted.user?.rawValue ?? client.id.rawValue), "scope": .string(granted.scope.text),
            "exp": .integer(Int(end.timeIntervalSince1970)),
        ]
        description["authorization_details"] = granted.details?.json
        description["cnf"] = presented.confirmations.first?.claim
        return description
    }

    func describe(in metadata: inout ServerMetadata) {
        metadata["introspection_endpoint"] = metadata.url(.introspection)
        metadata["introspection_signing_alg_values_supported"] = .array(
            KeyRing.algorithms.map { .string($0.rawValue) })
        metadata.describe(ClientAuthentication.methods.filter { $0 != PublicClient.self }, at: "introspection_endpoint")
    }
}

extension AuthenticatedClient {
    /// Whether the client may read the token: its own tokens and those for the resource servers it acts for
    /// (RFC 7662 §4).
    fileprivate func mayRead(_ token: AccessToken, for servers: [ResourceServer]) -> Bool {
        token.client == id || acts(for: servers)
    }

    /// Returns the details of the token that the client may see: those of its own token, or those for the resource servers
    /// it acts for (RFC 9396 §9.2).
    fileprivate func details(
        of token: AccessToken, for servers: [ResourceServer], in catalog: ResourceCatalog
    ) -> AuthorizationDetails? {
        guard token.client != id else { return token.details }
        return catalog.details(token.details, at: servers.filter { acts(for: [$0]) })
    }

    fileprivate func acts(for servers: [ResourceServer]) -> Bool {
        servers.contains { $0.introspectionClients.contains(id.rawValue) }
    }
}
