extension Path { static let upstreamSignedOut = Path("/upstream/{upstream}/signed-out") }

/// Takes a sign-out back from an upstream (OpenID Connect RP-Initiated Logout §3) to where it would have gone without.
struct UpstreamSignedOutEndpoint: Endpoint {
    private let issuer: Issuer
    private let upstreams: UpstreamSignOut
    private let flow: SignOut
    let routes = [Route.get(.upstreamSignedOut, rateLimit: .requests)]

    init(_ core: Core) {
        issuer = core.issuer
        upstreams = UpstreamSignOut(core)
        flow = SignOut(core)
    }

    func respond(to request: Request) async throws -> Response {
        guard let state = request.parameters["state"], let signOut = upstreams.open(state, from: request.variable ?? "")
        else {
            // Someone who is still signed in must not read that they are not.
            return .redirect(to: issuer.reference(.endSession))
        }
        return try await flow.proceed(signOut, request)
    }

    func response(to error: OAuthError) -> Response { .page(error) }
}
