import HTTPTypes
import Logging

extension Path { static let passkeySignIn = Path("/sign-in/passkey") }

/// Receives the authenticator's response from the sign-in page, for users who sign in with a passkey alone.
struct PasskeySignInEndpoint: InteractionPageEndpoint {
    let passkeys: PasskeyFactor
    let signIn: SignIn
    let loop: InteractionLoop
    let interactions: InteractionKeeper
    let pages: InteractionPages
    let audit: AuditLog
    let routes = Route.page(.passkeySignIn)

    init(_ core: Core, loop: InteractionLoop) {
        passkeys = PasskeyFactor(core)
        signIn = loop.signIn
        self.loop = loop
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
        audit = core.audit
    }

    /// Reached by reloading after a submission: shows the sign-in page again.
    func show(_ request: Request) async throws -> Response {
        .redirect(to: try interactions.location(.signIn, try interactions.resume(request)))
    }

    func submit(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        guard let proof = try await passkeys.prove(request, of: nil) else {
            audit.record(.signInRefused(.wrongCredential, .passkey), client: interaction.client)
            return .redirect(to: try interactions.location(.signIn, interaction) + "&problem=passkey")
        }
        let outcome = try await signIn.advance(
            nil, with: proof.shown, by: proof.user, toward: loop.destination(of: interaction), in: request)
        if case .refused = outcome {
            audit.record(.signInRefused(.suspicious, .passkey), user: proof.user.id, client: interaction.client)
        }
        return try await loop.proceed(outcome, of: interaction, by: proof.user, in: request)
    }
}
