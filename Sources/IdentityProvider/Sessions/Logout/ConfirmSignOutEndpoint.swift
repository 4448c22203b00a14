import HTTPTypes

extension Path { static let confirmSignOut = Path("/logout/confirm") }

/// Handles the confirmation of a sign-out.
struct ConfirmSignOutEndpoint: PageEndpoint {
    let issuer: Issuer
    let sessions: SessionCookie
    let flow: SignOut
    let formToken: FormToken
    let routes = Route.page(.confirmSignOut)

    init(_ core: Core) {
        issuer = core.issuer
        sessions = SessionCookie(core)
        flow = SignOut(core)
        formToken = FormToken(core)
    }

    /// Reached by reloading after a submission: asks again.
    func show(_ request: Request) async throws -> Response { .redirect(to: issuer.reference(.endSession)) }

    func submit(_ request: Request) async throws -> Response {
        let signOut = try flow.open(request)
        guard request.parameters["decision"] == "sign-out" else {
            return .page(try await flow.page("still-signed-in", signOut))
        }
        guard let session = try await sessions.session(of: request) else { return try await flow.signedOut(signOut) }
        return try await flow.end(session, signOut, request)
    }
}
