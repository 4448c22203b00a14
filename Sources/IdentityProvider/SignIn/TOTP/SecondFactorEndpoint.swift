import FoundationEssentials
import HTTPTypes
import Logging

/// The page where a person whose password was right shows their second factor. Only then is there a session.
struct SecondFactorEndpoint: PageEndpoint {
    let clients: any ClientStore
    let users: any UserStore
    let totp: TOTPFactor
    let sessions: SessionCookie
    let interactions: InteractionKeeper
    let formToken: FormToken
    let throttle: SignInThrottle
    let audit: AuditLog
    let lifetime: TimeInterval
    let now: @Sendable () -> Date
    let routes = [Route.get("/second-factor"), .post("/second-factor", rateLimit: .guessing)]

    func show(_ request: Request) async throws -> Response {
        let (interaction, user) = try await resume(request)
        return .page(try await page(interaction, user, request))
    }

    func submit(_ request: Request) async throws -> Response {
        var (interaction, user) = try await resume(request)
        if let seconds = await throttle.wait(for: "second factor \(user.id)") {
            audit.record(
                .signInRefused(.throttled, .totp), user: user.id, client: interaction.request.client)
            return .tooManyRequests(
                try await page(interaction, user, request, error: "throttled"), retryAfter: seconds)
        }
        guard try await totp.verify(request.parameters["code"] ?? "", of: user) else {
            Logger.current.notice("sign-in refused", metadata: ["factor": "totp", "user": "\(user.id)"])
            audit.record(
                .signInRefused(.wrongCredential, .totp), user: user.id, client: interaction.request.client)
            return .page(try await page(interaction, user, request, error: "code"))
        }
        await throttle.succeeded("second factor \(user.id)")
        interaction.firstFactor = nil
        let cookie = try await sessions.begin(
            for: user, amr: ["pwd", "otp", "mfa"], context: .multiFactor,
            client: interaction.request.client, in: request)
        Logger.current.info("signed in", metadata: ["user": "\(user.id)", "amr": "pwd otp mfa"])
        return try .redirect(to: interactions.location("/authorize", interaction)).setting(cookie)
    }

    /// The interaction and the user whose password it has seen.
    private func resume(_ request: Request) async throws -> (Interaction, User) {
        let interaction = try interactions.resume(request)
        guard let first = interaction.firstFactor, now() < first.shownAt.addingTimeInterval(lifetime),
            let user = try await users.find(first.user), !user.isDisabled
        else { throw OAuthError.interactionLost }
        return (interaction, user)
    }

    private func page(_ interaction: Interaction, _ user: User, _ request: Request, error: String? = nil) async throws
        -> Page
    {
        var page = try await InteractionPage.make(
            "second-factor", for: interaction, request, clients: clients, interactions: interactions,
            formToken: formToken)
        page.data["user"] = ["name": .text(user.displayName)]
        if let error { page.data["error"] = .object([error: true]) }
        return page
    }
}
