import Tracing

/// Drives every interaction: determines the next step and redirects the browser to its page until no step is left.
struct InteractionLoop: Sendable {
    let signIn: SignIn
    let interactions: InteractionKeeper
    private let clients: any ClientStore
    private let consents: any ConsentStore
    private let accounts: InteractionAccounts
    private let pendingLinks: PendingLinks
    private let lastUpstream: LastUpstream

    init(_ core: Core, signIn: SignIn) {
        interactions = InteractionKeeper(core)
        clients = core.clients
        consents = core.stores.consents
        accounts = InteractionAccounts(core)
        pendingLinks = PendingLinks(core)
        lastUpstream = LastUpstream(of: core.issuer)
        self.signIn = signIn
    }

    enum Progress: Sendable {
        /// The response redirects to the next step.
        case step(Response)
        /// The interaction is complete.
        case done(Session)
    }

    /// Advances to the next step. Throws the errors that end the interaction, such as `login_required` and
    /// `access_denied`, and `invalid_request` if the client was disabled or deleted.
    func advance(_ interaction: Interaction, _ request: Request) async throws -> Progress {
        if case .authorization(let authorization) = interaction.purpose {
            _ = try await clients.registered(authorization.client)
        }
        let destination = try await destination(of: interaction)
        let selection = try await accounts.selection(for: interaction, request)
        let account = selection.account
        Decision.note(
            account.map {
                "The browser has a session (acr \($0.session.acr), \($0.session.amr.joined(separator: " ")))."
            } ?? "The browser has no session.")
        let remembered = try await remembered(by: account?.user.id, for: destination.client, interaction)
        let policy = try await signIn.policy(toward: destination, by: account?.user)
        let step = try withSpan("sign-in step") { span in
            let step = try interaction.nextStep(
                session: account?.session, isUndecided: selection.isUndecided, policy: policy,
                client: destination.client, remembered: remembered)
            span.attributes["martlet.step"] = step.name
            Decision.note("The next step is \(step.name).")
            return step
        }
        switch step {
        case .respond(let session): return .done(session)
        case .signIn: return .step(try show(.signIn, interaction))
        case .signUp: return .step(try show(.signUp, interaction))
        case .selectAccount: return .step(try show(.selectAccount, interaction))
        case .secondFactor: return .step(try show(.secondFactor, interaction))
        case .enrol: return .step(try show(.enrol, interaction))
        case .consent: return .step(try show(.consent, interaction))
        case .strengthen(let session):
            return .step(try await strengthen(session, of: account?.user, interaction, toward: destination, request))
        }
    }

    func destination(of interaction: Interaction) async throws -> SignIn.Destination {
        let client: Client? = if let id = interaction.client { try await clients.find(id) } else { nil }
        // A trusted device must not be enough to add a way to sign in.
        return SignIn.Destination(
            client: client, asked: interaction.asked, trustsDevices: interaction.guest?.isLinking != true,
            addsAccount: interaction.addsAccount == true || interaction.mustSignUp)
    }

    /// Continues after `user` has shown a factor. If this results in a session, the response sets its cookies.
    func proceed(
        _ outcome: SignIn.Outcome, of interaction: Interaction, by user: User, in request: Request
    ) async throws -> Response {
        var interaction = interaction
        switch outcome {
        case .signedIn(let session, let cookies):
            let obstacle = try await pendingLinks.link(interaction, to: user, after: session, request)
            interaction = interaction.choosing(session.id)
            // A strengthened session keeps its sign-in time, which therefore doesn't show that the user was asked.
            interaction.exhausted = session.id
            // Prevents session fixation: another origin may have planted the old identity.
            let (identity, cookie) = interactions.browser.renewed()
            interaction.bind(to: identity)
            let used = session.upstream.map { lastUpstream.setting($0.upstream) }
            let next = try obstacle.map { try notLinked($0, interaction) } ?? interactions.proceed(interaction)
            return (cookies + [cookie]).reduce(next) { $0.setting($1) }.setting(used)
        case .unfinished(let progress):
            interaction.progress = progress
            return try interactions.proceed(interaction)
        case .stale(let upstream):
            return .redirect(
                to: try interactions.location(.upstreamSignIn, interaction.reauthenticating(at: upstream))
                    + "&upstream=\(upstream.rawValue)")
        case .refused:
            // Shown as a rejected passkey. The sign-in page has its own message for passwords.
            interaction.progress = nil
            return .redirect(to: try interactions.location(.signIn, interaction) + "&problem=passkey")
        }
    }

    /// Redirects to the page that says so, from which the interaction goes on.
    private func notLinked(_ obstacle: PendingLinks.Obstacle, _ interaction: Interaction) throws -> Response {
        .redirect(to: try interactions.location(.notLinked, interaction) + "&problem=\(obstacle.rawValue)")
    }

    /// Returns the scope of earlier consent by `user`, if it applies to this request.
    private func remembered(
        by user: Identifier<User>?, for client: Client?, _ interaction: Interaction
    ) async throws -> Scope {
        guard case .authorization(let request) = interaction.purpose, let client, let user, !client.skipsConsent else {
            return []
        }
        guard client.remembersConsent(at: request.redirect) else {
            Decision.note("Earlier consent does not apply: the redirect_uri stays on the device (RFC 8252 §8.6).")
            return []
        }
        return try await consents.find(user: user, client: client.id)?.scope ?? []
    }

    private func strengthen(
        _ session: Session, of user: User?, _ interaction: Interaction, toward destination: SignIn.Destination,
        _ request: Request
    ) async throws -> Response {
        guard let user else { return try show(.signIn, interaction) }
        var interaction = interaction
        interaction.progress = try await signIn.strengthen(session, of: user, toward: destination, in: request)
        if interaction.progress == nil { interaction.exhausted = session.id }
        return try interactions.proceed(interaction)
    }

    private func show(_ path: Path, _ interaction: Interaction) throws -> Response {
        .redirect(to: try interactions.location(path, interaction))
    }
}
