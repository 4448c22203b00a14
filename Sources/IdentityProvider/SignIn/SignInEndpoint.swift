import FoundationEssentials
import HTTPTypes
import Logging

/// The page where a person shows who they are: name and password.
struct SignInEndpoint: PageEndpoint {
    let clients: any ClientStore
    let passwords: PasswordFactor
    let totp: TOTPFactor
    let sessions: SessionCookie
    let interactions: InteractionKeeper
    let formToken: FormToken
    let throttle: SignInThrottle
    let audit: AuditLog
    let now: @Sendable () -> Date
    /// Pages that the sign-in page leads to, by the name of their link.
    let links: [String: Page.Value]
    let routes = [Route.get("/sign-in"), .post("/sign-in", rateLimit: .guessing)]

    func show(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        return .page(try await page(interaction, request, username: interaction.request.loginHint))
    }

    func submit(_ request: Request) async throws -> Response {
        var interaction = try interactions.resume(request)
        let username = request.parameters["username"] ?? ""
        if let seconds = await throttle.wait(for: username) {
            audit.record(.signInRefused(.throttled, .password), client: interaction.request.client)
            return .tooManyRequests(
                try await page(interaction, request, username: username, error: "throttled"), retryAfter: seconds)
        }
        guard let user = try await passwords.verify(request.parameters["password"] ?? "", of: username) else {
            Logger.current.notice("sign-in refused", metadata: ["factor": "password"])
            let known = try await passwords.find(username)
            let reason: SignInRefusal =
                known.map { $0.isDisabled ? .disabled : .wrongCredential } ?? .unknownUser
            audit.record(
                .signInRefused(reason, .password), user: known?.id, client: interaction.request.client)
            return .page(try await page(interaction, request, username: username, error: "credentials"))
        }
        await throttle.succeeded(username)
        Decision.note("Name and password are those of user \(user.id).")
        if try await totp.isEnrolled(user) {
            Decision.note("The user has an authenticator, so a code is asked for.")
            interaction.firstFactor = Interaction.FirstFactor(user: user.id, shownAt: now())
            return .redirect(to: try interactions.location("/authorize", interaction))
        }
        let cookie = try await sessions.begin(
            for: user, amr: ["pwd"], context: .singleFactor, client: interaction.request.client, in: request)
        Logger.current.info("signed in", metadata: ["user": "\(user.id)", "amr": "pwd"])
        return try .redirect(to: interactions.location("/authorize", interaction)).setting(cookie)
    }

    private func page(_ interaction: Interaction, _ request: Request, username: String?, error: String? = nil)
        async throws -> Page
    {
        var page = try await InteractionPage.make(
            "sign-in", for: interaction, request, clients: clients, interactions: interactions, formToken: formToken)
        page.data.merge(links) { own, _ in own }
        if let username, !username.isEmpty { page.data["username"] = .text(username) }
        if let error { page.data["error"] = .object([error: true]) }
        return page
    }
}
