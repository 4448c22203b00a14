import HTTPTypes

extension Path { static let enrol = Path("/enrol") }

/// The page on which a user enrolls a factor that the policy requires and they lack, in the middle of a sign-in. With
/// their first one, the user gets recovery codes and continues from their page.
struct EnrolEndpoint: InteractionPageEndpoint {
    let enrolment: FactorEnrolment
    let codes: RecoveryCodeSet
    let loop: InteractionLoop
    let interactions: InteractionKeeper
    let pages: InteractionPages
    let routes = Route.page(.enrol)

    init(_ core: Core, loop: InteractionLoop) {
        enrolment = FactorEnrolment(core)
        codes = RecoveryCodeSet(core)
        self.loop = loop
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
    }

    func show(_ request: Request) async throws -> Response {
        let step = try await resume(request)
        guard let factors = step.factors else { return try goOn(step.interaction) }
        return .page(try await page(step, factors, request))
    }

    func submit(_ request: Request) async throws -> Response {
        let step = try await resume(request)
        guard let factors = step.factors else { return try goOn(step.interaction) }
        guard let factor = request.parameters["factor"].flatMap(Factor.init), factors.contains(factor),
            let shown = try await enrolment.enrol(factor, by: step.user, request)
        else {
            return .page(try await page(step, factors, request, error: "code"))
        }
        let outcome = try await loop.signIn.advance(
            step.interaction.progress, with: shown, by: step.user, toward: step.destination, in: request)
        let response = try await loop.proceed(outcome, of: step.interaction, by: step.user, in: request)
        guard case .signedIn = outcome, try await codes.isMissing(for: step.user) else { return response }
        return try await showCodes(to: step, before: response, request)
    }

    /// Returns the page with the user's first recovery codes. It sets the cookies of `response`, and its button leads
    /// where `response` redirects.
    private func showCodes(to step: Asked, before response: Response, _ request: Request) async throws -> Response {
        var page = try await pages.page("recovery-codes", at: .enrol, for: step.interaction, request)
        page.data["user"] = ["name": .text(step.user.displayName), "username": .text(step.user.username)]
        page.data["is_first"] = true
        page.data["continue_uri"] = response.headers[.location].map(Page.Value.text)
        // The only link of a template that an operator replaced before this page was part of a sign-in.
        page.data["account_uri"] = page.data["continue_uri"]
        try await codes.renew(for: step.user, on: &page, request)
        var shown = Response.page(page)
        shown.headers[values: .setCookie] = response.headers[values: .setCookie]
        return shown
    }

    /// Where no enrollment is allowed: continues with the step that is due or, if the progress is void, with a fresh
    /// sign-in.
    private func goOn(_ interaction: Interaction) throws -> Response {
        guard interaction.progress == nil else { return try interactions.proceed(interaction) }
        return .redirect(to: try interactions.location(.signIn, interaction))
    }

    /// A resumed enrollment. `factors` is `nil` if enrollment is no longer due: a password alone must not add a factor
    /// to an account that has gained one in the meantime, and an old sign-in must not add one to any account.
    private struct Asked {
        let interaction: Interaction
        let user: User
        let destination: SignIn.Destination
        let factors: [Factor]?
    }

    private func resume(_ request: Request) async throws -> Asked {
        var interaction = try interactions.resume(request)
        guard let user = try await loop.signIn.person(of: interaction.progress), let progress = interaction.progress
        else {
            throw OAuthError.interactionLost
        }
        let destination = try await loop.destination(of: interaction)
        let present = try await loop.signIn.reconsidered(progress, of: user, toward: destination, in: request)
        interaction.progress = present
        guard case .enrol(let factors)? = present?.next else {
            return Asked(interaction: interaction, user: user, destination: destination, factors: nil)
        }
        return Asked(interaction: interaction, user: user, destination: destination, factors: factors)
    }

    private func page(
        _ asked: Asked, _ factors: [Factor], _ request: Request, error: String? = nil
    ) async throws -> Page {
        var page = try await pages.page("enrol", at: .enrol, for: asked.interaction, request)
        try await enrolment.offer(factors, to: asked.user, on: &page, request)
        if let error { page.data["error"] = .object([error: true]) }
        return page
    }
}
