import FoundationEssentials
import HTTPTypes
import Logging

extension Path { static let secondFactor = Path("/second-factor") }

/// The page that asks for a further factor. The session starts only after it.
struct SecondFactorEndpoint: InteractionPageEndpoint {
    let factors: [any SecondFactor]
    let devices: DeviceCookie
    let signIn: SignIn
    let loop: InteractionLoop
    let interactions: InteractionKeeper
    let pages: InteractionPages
    let attempts: AttemptLimiter
    let audit: AuditLog
    let routes = Route.page(.secondFactor)

    init(_ core: Core, loop: InteractionLoop) {
        factors = loop.signIn.factors
        devices = DeviceCookie(core)
        signIn = loop.signIn
        self.loop = loop
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
        attempts = AttemptLimiter(core)
        audit = core.audit
    }

    func show(_ request: Request) async throws -> Response {
        switch try await resume(request) {
        case .elsewhere(let response): return response
        case .asked(let step): return .page(try await page(step, request))
        }
    }

    func submit(_ request: Request) async throws -> Response {
        switch try await resume(request) {
        case .elsewhere(let response): response
        case .asked(let step): try await submit(request, step)
        }
    }

    private func submit(_ request: Request, _ step: Asked) async throws -> Response {
        let device = try await devices.device(of: step.user, in: request)
        let shown: ShownFactor
        switch try await step.factor.attempt(request, by: step.user, on: device, attempts: attempts) {
        case .throttled(let pause):
            refuse(step, pause.refusal)
            return .tooManyRequests(try await page(step, request, error: "throttled"), retryAfter: pause.seconds)
        case .refused:
            refuse(step, .wrongCredential)
            return .page(try await page(step, request, error: "code"))
        case .accepted(let factor): shown = factor
        }
        let outcome = try await signIn.advance(
            step.interaction.progress, with: shown, by: step.user,
            toward: step.destination, remembers: request.parameters["remember"] == "yes",
            in: request)
        return try await loop.proceed(outcome, of: step.interaction, by: step.user, in: request)
    }

    private func refuse(_ asked: Asked, _ reason: SignInRefusal) {
        audit.record(
            .signInRefused(reason, asked.factor.factor), user: asked.user.id, client: asked.interaction.client)
        var values: Logger.Metadata = [
            "route": "\(Path.secondFactor)", "factor": "\(asked.factor.factor.rawValue)", "user": "\(asked.user.id)",
        ]
        values["client_id"] = asked.interaction.client.map { "\($0)" }
        Logger.current.notice("sign-in refused", metadata: values)
    }

    /// The user and the factor to ask for: the one the user chose, if it counts, or the preferred one.
    private struct Asked {
        let interaction: Interaction
        let user: User
        let destination: SignIn.Destination
        let factor: any SecondFactor
        let others: [Factor]
    }

    private enum Resumed {
        case asked(Asked)
        /// The requested factor is no longer due. Redirects to the step that is.
        case elsewhere(Response)
    }

    private func resume(_ request: Request) async throws -> Resumed {
        var interaction = try interactions.resume(request)
        guard let user = try await signIn.person(of: interaction.progress), let progress = interaction.progress else {
            throw OAuthError.interactionLost
        }
        let destination = try await loop.destination(of: interaction)
        // A stale tab must not bypass a factor that the user has enrolled in the meantime.
        interaction.progress = try await signIn.reconsidered(progress, of: user, toward: destination, in: request)
        guard case .show(let choices)? = interaction.progress?.next,
            case let chosen = request.parameters["factor"].flatMap(Factor.init) ?? choices.first,
            let factor = factors.first(where: { $0.factor == chosen && choices.contains($0.factor) })
        else { return .elsewhere(try interactions.proceed(interaction)) }
        let others = choices.filter { $0 != factor.factor }
        return .asked(
            Asked(interaction: interaction, user: user, destination: destination, factor: factor, others: others))
    }

    private func page(_ asked: Asked, _ request: Request, error: String? = nil) async throws -> Page {
        var page = try await pages.page("second-factor", at: .secondFactor, for: asked.interaction, request)
        page.data["user"] = ["name": .text(asked.user.displayName)]
        page.data["factor"] = .text(asked.factor.factor.rawValue)
        page.data[asked.factor.factor.rawValue] = .object(
            try await asked.factor.describe(for: asked.user, in: request))
        if asked.factor.factor == .passkey {
            page.scriptSources.append(interactions.issuer.url(.passkeyScript))
        }
        let location = try interactions.location(.secondFactor, asked.interaction)
        page.data["others"] = .list(
            asked.others.map { ["href": .text("\(location)&factor=\($0.rawValue)"), "is_\($0.rawValue)": true] })
        page.data["has_others"] = .flag(!asked.others.isEmpty)
        if let error { page.data["error"] = .object([error: true]) }
        return page
    }
}
