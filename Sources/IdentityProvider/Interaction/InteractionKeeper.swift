import HTTPTypes
import FoundationEssentials

/// Seals interactions for a browser and opens them only for that browser.
struct InteractionKeeper: Sendable {
    let issuer: Issuer
    let sealer: Sealer
    let browser: BrowserCookie
    /// In seconds.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        browser = BrowserCookie(of: core.issuer)
        lifetime = core.settings.lifetimes.interaction
        now = core.now
    }

    /// Returns the interaction of the request. Throws `interactionLost`, whose page asks the user to start over.
    func resume(_ request: Request) throws(OAuthError) -> Interaction {
        try resume(request.parameters.required("interaction"), in: request)
    }

    /// Returns the interaction sealed in `text`, for a browser that doesn't send it as a parameter.
    func resume(_ text: String, in request: Request) throws(OAuthError) -> Interaction {
        let interaction = try open(text)
        guard interaction.isBound(to: browser.identity(in: request)) else { throw .interactionLost }
        return interaction
    }

    /// Returns a new interaction for the purpose of the request's interaction, even if that has expired or belongs to
    /// another browser. Nothing else carries over, and only this browser sees the login hint again.
    func restart(_ request: Request) -> Interaction? {
        guard let text = request.parameters["interaction"],
            let former = try? sealer.open(Interaction.self, from: text, for: .interaction)
        else { return nil }
        let requestedAt = former.requestedAt ?? former.startedAt
        guard now() < requestedAt.addingTimeInterval(Self.restartLimit) else { return nil }
        let isOurs = former.isBound(to: browser.identity(in: request))
        return Interaction(
            isOurs ? former.purpose : former.purpose.with(loginHint: nil), startedAt: now(), requestedAt: requestedAt)
    }

    /// Seconds after the request during which its interaction can be restarted.
    static let restartLimit: TimeInterval = 86_400

    /// Resumes the interaction of the request. Binds it to this browser if it isn't bound yet.
    func resumeOrBind(_ request: Request) throws(OAuthError) -> (Interaction, cookie: String?) {
        let interaction = try open(request.parameters.required("interaction"))
        guard interaction.browser == nil else { return (try resume(request), nil) }
        return bind(interaction, in: request)
    }

    func make(_ purpose: Interaction.Purpose) -> Interaction { Interaction(purpose, startedAt: now()) }

    /// Binds the interaction to this browser. `cookie` is a `Set-Cookie` value if the browser had no identity.
    func bind(_ interaction: Interaction, in request: Request) -> (Interaction, cookie: String?) {
        var interaction = interaction
        let (identity, cookie) = browser.identityOrNew(in: request)
        interaction.bind(to: identity)
        return (interaction, cookie)
    }

    /// Redirects the browser to the endpoint that decides the next step.
    func proceed(_ interaction: Interaction) throws -> Response {
        .redirect(to: try location(interaction.path, interaction))
    }

    /// Starts an interaction for `request` and redirects the browser to its first step.
    func start(_ request: SignInRequest, in httpRequest: Request) throws -> Response {
        let (interaction, cookie) = bind(make(.signIn(request)), in: httpRequest)
        return try proceed(interaction).setting(cookie)
    }

    /// Returns the location of the sign-in page with all ways to sign in, without the guest.
    func otherWays(for interaction: Interaction) throws -> String {
        var interaction = interaction
        interaction.guest = nil
        return try location(.signIn, interaction) + "&ways=all"
    }

    /// Returns the location of one of our pages, with the interaction as a parameter.
    func location(_ path: Path, _ interaction: Interaction) throws -> String {
        "\(issuer.reference(path))?interaction=\(try seal(interaction))"
    }

    func seal(_ interaction: Interaction) throws -> String { try sealer.seal(interaction, for: .interaction) }

    private func open(_ text: String) throws(OAuthError) -> Interaction {
        guard let interaction = try? sealer.open(Interaction.self, from: text, for: .interaction),
            now() < interaction.startedAt.addingTimeInterval(lifetime)
        else { throw .interactionLost }
        return interaction
    }
}

extension OAuthError {
    /// The interaction has expired, belongs to another browser, or its client is gone.
    static let interactionLost = OAuthError(
        code: .invalidRequest, description: "this sign-in has expired or was started in another browser", status: .gone,
        reason: .signInLost)
}
