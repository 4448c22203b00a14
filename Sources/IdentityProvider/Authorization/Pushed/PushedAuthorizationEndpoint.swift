import FoundationEssentials
import HTTPTypes
import JOSE

extension Path { static let pushedAuthorization = Path("/par") }

/// The pushed authorization request endpoint (RFC 9126 §2).
struct PushedAuthorizationEndpoint: Endpoint {
    private let authenticator: ClientAuthenticator
    private let constraint: SenderConstraint
    private let intake: AuthorizationIntake
    private let requests: PushedRequests
    private let issuer: Issuer
    private let limiter: RateLimiter
    private let isRequired: Bool
    private let now: @Sendable () -> Date
    let routes = [Route.post(.pushedAuthorization, rateLimit: .clients, isSharedAcrossOrigins: true)]

    init(_ core: Core, authenticator: ClientAuthenticator) {
        constraint = SenderConstraint(core)
        intake = AuthorizationIntake(core)
        requests = PushedRequests(core)
        issuer = core.issuer
        limiter = core.limiter
        now = core.now
        isRequired = core.settings.requiresPushedRequests
        self.authenticator = authenticator
    }

    func respond(to request: Request) async throws -> Response {
        let client = try await authenticator.authenticate(request)
        try limit(client, request)
        let proof = try await constraint.optionalProof(in: request, from: client.client)
        let received = try await intake.receive(pushed: request.parameters, by: client)
        var checked = try await intake.check(received)
        try checked.bind(to: proof)
        let response: JSONObject = [
            "request_uri": .string(try await requests.push(checked)), "expires_in": .integer(requests.lifetime),
        ]
        return Response.json(response, status: .created).offering(proof?.nextNonce)
    }

    /// Bounds what senders that prove nothing can make Martlet store: anyone can push in the name of a public client.
    private func limit(_ client: AuthenticatedClient, _ request: Request) throws(OAuthError) {
        guard client.client.isPublic else { return }
        let name = "\(issuer) pushed from \(IPAddress.subscriber(of: request.remoteAddress))"
        if let seconds = limiter.take(name, of: Self.publicClients, at: now()) {
            throw .tooManyRequests(retryAfter: seconds)
        }
    }

    private static let publicClients = RateLimit(burst: 60, perMinute: 120)

    func describe(in metadata: inout ServerMetadata) {
        metadata["pushed_authorization_request_endpoint"] = metadata.url(.pushedAuthorization)
        metadata["require_pushed_authorization_requests"] = .bool(isRequired)
    }
}

extension AuthorizationRequest {
    /// Binds the code to the key of the proof (RFC 9449 §10.1). Throws `invalid_dpop_proof` if `dpop_jkt` names another
    /// one.
    fileprivate mutating func bind(to proof: DPoPProof?) throws(OAuthError) {
        guard let proof else { return }
        guard dpopKey == nil || dpopKey == proof.key else {
            throw OAuthError(DPoPRefusal("dpop_jkt does not match the DPoP proof"))
        }
        dpopKey = proof.key
    }
}
