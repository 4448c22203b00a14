/// Leads from an interaction to the page of its next step.
struct InteractionSteps: Sendable {
    let clients: any ClientStore
    let signIn: SignIn
    let interactions: InteractionKeeper

    init(_ core: Core, signIn: SignIn) {
        clients = core.clients
        self.signIn = signIn
        interactions = InteractionKeeper(core)
    }

    /// `user` is whose session the browser has. `.respond` is the endpoint's own.
    func take(
        _ step: Interaction.Step, of interaction: Interaction, by user: User?, toward destination: SignIn.Destination,
        _ request: Request
    ) async throws -> Response {
        switch step {
        case .signIn, .respond: try show("/sign-in", interaction)
        case .secondFactor: try show("/second-factor", interaction)
        case .enrol: try show("/enrol", interaction)
        case .consent: try show("/consent", interaction)
        case .strengthen(let session):
            try await strengthen(session, of: user, interaction, toward: destination, request)
        }
    }

    func destination(of interaction: Interaction) async throws -> SignIn.Destination {
        let client: Client? = if let id = interaction.client { try await clients.find(id) } else { nil }
        return SignIn.Destination(client: client, asked: interaction.asked)
    }

    /// Goes on after a step: a session sends the browser on with its cookies, less leads to the next step.
    func proceed(_ outcome: SignIn.Outcome, of interaction: Interaction) throws -> Response {
        var interaction = interaction
        switch outcome {
        case .signedIn(let session, let cookies):
            interaction.progress = nil
            // A session that was strengthened is as old as before: that it is of now does not say that all was asked for.
            interaction.exhausted = session.id
            // Another origin may have planted the identity that the browser had until now.
            let (identity, cookie) = interactions.browser.renewed()
            interaction.bind(to: identity)
            return (cookies + [cookie]).reduce(try interactions.proceed(interaction)) { $0.setting($1) }
        case .unfinished(let progress):
            interaction.progress = progress
            return try interactions.proceed(interaction)
        case .refused:
            // As a passkey that is not accepted: with a password, the sign-in page words it itself.
            interaction.progress = nil
            return .redirect(to: try interactions.location("/sign-in", interaction) + "&problem=passkey")
        }
    }

    private func strengthen(
        _ session: Session, of user: User?, _ interaction: Interaction, toward destination: SignIn.Destination,
        _ request: Request
    ) async throws -> Response {
        guard let user else { return try show("/sign-in", interaction) }
        var interaction = interaction
        interaction.progress = try await signIn.strengthen(session, of: user, toward: destination, in: request)
        if interaction.progress == nil { interaction.exhausted = session.id }
        return try interactions.proceed(interaction)
    }

    private func show(_ path: String, _ interaction: Interaction) throws -> Response {
        .redirect(to: try interactions.location(path, interaction))
    }
}
