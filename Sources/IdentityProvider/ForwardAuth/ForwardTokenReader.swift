import FoundationEssentials
import HTTPTypes
import Logging

/// Finds the access token with which a program reaches an application, in place of a user's pass.
struct ForwardTokenReader: Sendable {
    private let bearers: BearerAuthenticator
    private let stepUp: StepUp
    private let resources: CachedResourceServers
    private let sessions: any SessionStore
    private let now: @Sendable () -> Date

    init(_ core: Core, bearers: BearerAuthenticator, stepUp: StepUp) {
        resources = core.resources
        sessions = core.stores.sessions
        now = core.now
        self.bearers = bearers
        self.stepUp = stepUp
    }

    /// Returns `nil` if the application takes no tokens, or if the request has none; then the pass decides. Throws the
    /// challenge of RFC 6750 §3 or RFC 9449 §7.1 for a token that isn't valid for the application.
    func bearer(of forwarded: ForwardedRequest, for client: Client, _ request: Request) async throws
        -> AuthenticatedBearer?
    {
        guard let resource = client.forwardAuth?.resource, let field = request.headers[.authorization],
            let credential = TokenCredential(field: field)
        else { return nil }
        let catalog = try await resources.catalog()
        // Reading opaque tokens requires client authentication (RFC 7662 §2.1).
        guard catalog.servers.contains(where: { $0.identifier == resource && $0.format == .jwt }) else {
            Logger.current.warning(
                "forward_auth.resource is not a resource server with JWT access tokens",
                metadata: ["client": "\(client.id)", "resource": "\(resource)"])
            throw OAuthError.invalidBearer(credential.scheme)
        }
        let target = credential.scheme == .dpop ? try forwarded.target() : nil
        guard let bearer = try await bearers.bearer(credential, in: request, for: resource, at: target),
            catalog.servers(of: bearer.token).contains(where: { $0.identifier == resource })
        else { throw OAuthError.invalidBearer(credential.scheme) }
        try await requireSignIn(behind: bearer, sufficientFor: client)
        return bearer
    }

    /// The same demands as for a user with a pass.
    private func requireSignIn(behind bearer: AuthenticatedBearer, sufficientFor client: Client) async throws {
        guard let person = bearer.person else {
            guard let minimum = client.minimumContext else { return }
            throw OAuthError.insufficientAuthentication(AuthenticationDemand(context: minimum), as: bearer.scheme)
        }
        try await stepUp.require(of: person, at: client, as: bearer.scheme)
        guard client.upstreams != nil else { return }
        // Only the session knows where the user signed in.
        guard let id = person.granted.session, let session = try await sessions.peek(id, at: now()),
            SignIn.Destination(client: client).admits(session)
        else {
            Decision.note("The sign-in behind the token rests on an upstream that the application doesn't accept.")
            throw OAuthError.invalidBearer(bearer.scheme)
        }
    }
}
