import FoundationEssentials
import HTTPTypes
import JOSE

extension Path { static let deviceAuthorization = Path("/device_authorization") }

/// The device authorization endpoint (RFC 8628 §3.1).
struct DeviceAuthorizationEndpoint: Endpoint {
    private let authenticator: ClientAuthenticator
    private let constraint: SenderConstraint
    private let resources: CachedResourceServers
    private let devices: DeviceAuthorizations
    private let issuer: Issuer
    private let limiter: RateLimiter
    private let audit: AuditLog
    private let now: @Sendable () -> Date
    let routes = [Route.post(.deviceAuthorization, rateLimit: .clients)]

    init(_ core: Core, authenticator: ClientAuthenticator) {
        constraint = SenderConstraint(core)
        resources = core.resources
        devices = DeviceAuthorizations(core)
        issuer = core.issuer
        limiter = core.limiter
        audit = core.audit
        now = core.now
        self.authenticator = authenticator
    }

    func respond(to request: Request) async throws -> Response {
        let client = try await authenticator.authenticate(request)
        // Off unless the operator allows it: users can be tricked into approving an attacker's device (RFC 10027 §2).
        try client.require(.deviceCode)
        try limit(client.client, request)
        let proof = try await constraint.optionalProof(in: request, from: client.client)
        let (parameters, catalog) = (request.parameters, try await resources.catalog())
        let requested = parameters.all("resource")
        let details = try catalog.details(parameters, of: client.client)
        let target = try TokenTarget(
            catalog.scope(parameters["scope"], or: details, of: client.client), details, of: client.client,
            in: catalog, requested: requested)
        let (deviceCode, userCode) = try await devices.begin(
            client.client, target, resources: requested, dpopKey: proof?.key, from: request)
        audit.record(.deviceRequested(scope: target.scope), client: client.id, by: .client(client.id))
        let page = issuer.url(.device)
        let response: JSONObject = [
            "device_code": .string(deviceCode), "user_code": .string(userCode.shown), "verification_uri": .string(page),
            "verification_uri_complete": .string("\(page)?user_code=\(userCode.shown)"),
            "expires_in": .integer(Int(devices.lifetime)), "interval": .integer(DeviceAuthorizations.interval),
        ]
        return Response.json(response).offering(proof?.nextNonce)
    }

    /// Limits how many codes a client can make Martlet store, and how many a sender can get that proves nothing: anyone
    /// can ask in the name of a public client (RFC 10027 §6.1.11).
    private func limit(_ client: Client, _ request: Request) throws(OAuthError) {
        let name = "\(issuer) device codes of \(client.id)"
        let subscriber = IPAddress.subscriber(of: request.remoteAddress)
        let network = IPAddress.site(of: request.remoteAddress)
        let wait =
            (client.isPublic ? limiter.take("\(name) from \(subscriber)", of: Self.senders, at: now()) : nil)
            ?? (client.isPublic ? limiter.take("\(name) in \(network)", of: Self.networks, at: now()) : nil)
            ?? limiter.take(name, of: Self.clients, at: now())
        guard let wait else { return }
        Decision.note("Too many device codes were requested (RFC 10027 §6.1.11).")
        throw .tooManyRequests(retryAfter: wait)
    }

    private static let senders = RateLimit(burst: 20, perMinute: 20)
    private static let networks = RateLimit(burst: 100, perMinute: 100)
    private static let clients = RateLimit(burst: 1_000, perMinute: 1_000)

    func describe(in metadata: inout ServerMetadata) {
        metadata["device_authorization_endpoint"] = metadata.url(.deviceAuthorization)
    }
}
