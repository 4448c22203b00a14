import HTTPTypes
import FoundationEssentials

/// Seals interactions for the browser, and opens them for the browser that they belong to.
struct InteractionKeeper: Sendable {
    let issuer: Issuer
    let sealer: Sealer
    let browser: BrowserCookie
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        browser = BrowserCookie(of: core.issuer)
        lifetime = core.settings.lifetimes.interaction
        now = core.now
    }

    /// Throws `interactionLost`, with which the page tells the user to start again at the application.
    func resume(_ request: Request) throws(OAuthError) -> Interaction {
        try resume(request.parameters.required("interaction"), in: request)
    }

    /// As `resume(_:)`, for an interaction that the browser kept elsewhere.
    func resume(_ text: String, in request: Request) throws(OAuthError) -> Interaction {
        let interaction = try open(text)
        guard interaction.isBound(to: browser.identity(in: request)) else { throw .interactionLost }
        return interaction
    }

    /// What the request's interaction is for, even if it has expired or is another browser's: to begin it anew, which
    /// takes nothing else of it along.
    func purpose(of request: Request) -> Interaction.Purpose? {
        guard let text = request.parameters["interaction"],
            let interaction = try? sealer.open(Interaction.self, from: text, for: .interaction),
            now() < interaction.startedAt.addingTimeInterval(Self.restartLimit)
        else { return nil }
        return interaction.purpose
    }

    /// Seconds after which nobody waits any more.
    private static let restartLimit: TimeInterval = 86_400

    /// As `resume`, but an interaction that no browser has yet becomes this browser's.
    func resumeOrBind(_ request: Request) throws(OAuthError) -> (Interaction, cookie: String?) {
        let interaction = try open(request.parameters.required("interaction"))
        guard interaction.browser == nil else { return (try resume(request), nil) }
        return bind(interaction, in: request)
    }

    func make(_ purpose: Interaction.Purpose) -> Interaction { Interaction(purpose, startedAt: now()) }

    /// Ties the interaction to this browser. `cookie` is a `Set-Cookie` value for a browser without an identity.
    func bind(_ interaction: Interaction, in request: Request) -> (Interaction, cookie: String?) {
        var interaction = interaction
        let (identity, cookie) = browser.identityOrNew(in: request)
        interaction.bind(to: identity)
        return (interaction, cookie)
    }

    /// Sends the browser to the endpoint that knows the next step.
    func proceed(_ interaction: Interaction) throws -> Response {
        .redirect(to: try location(interaction.path, interaction))
    }

    /// Sends the browser to the first step of a sign-in.
    func start(_ request: SignInRequest, in httpRequest: Request) throws -> Response {
        let (interaction, cookie) = bind(make(.signIn(request)), in: httpRequest)
        return try proceed(interaction).setting(cookie)
    }

    /// The address of one of our pages with the interaction in it.
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
    /// The sign-in took too long, or is another browser's.
    static let interactionLost = OAuthError(
        code: .invalidRequest, description: "this sign-in has expired or was begun in another browser", status: .gone,
        reason: .signInLost)
}
