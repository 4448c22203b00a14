import HTTPTypes

extension Path { static let consent = Path("/consent") }

/// The consent page (OpenID Connect Core §3.1.2.4).
struct ConsentEndpoint: InteractionPageEndpoint {
    let resources: CachedResourceServers
    let attributes: CachedAttributes
    let consents: ConsentKeeper
    let accounts: InteractionAccounts
    let interactions: InteractionKeeper
    let pages: InteractionPages
    let routes = Route.page(.consent)

    init(_ core: Core) {
        resources = core.resources
        attributes = core.attributes
        consents = ConsentKeeper(core)
        accounts = InteractionAccounts(core)
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
    }

    func show(_ request: Request) async throws -> Response {
        var (interaction, authorization) = try resume(request)
        guard let user = try await accounts.selection(for: interaction, request).account?.user else {
            return try interactions.proceed(interaction)
        }
        // What another user consented to before counts for them alone.
        if interaction.askedForConsent != user.id { interaction.forgetConsent() }
        interaction.askedForConsent = user.id
        return .page(try await page(interaction, authorization, user, request))
    }

    func submit(_ request: Request) async throws -> Response {
        var (interaction, authorization) = try resume(request)
        let session = try await accounts.selection(for: interaction, request).account?.session
        guard let session, session.user == interaction.askedForConsent else {
            return try interactions.proceed(interaction)
        }
        switch request.parameters["decision"] {
        case "allow":
            interaction.consented = authorization.consentScope
            interaction.consentsToDetails = authorization.details == nil ? nil : true
            try await consents.give(
                authorization.consentScope, authorization.details, to: authorization.client, in: session)
        case "deny":
            interaction.isDenied = true
            consents.deny(authorization.client, in: session)
        default: throw OAuthError.invalidRequest("decision is missing")
        }
        return try interactions.proceed(interaction)
    }

    private func resume(_ request: Request) throws -> (Interaction, AuthorizationRequest) {
        let interaction = try interactions.resume(request)
        guard case .authorization(let authorization) = interaction.purpose else { throw OAuthError.interactionLost }
        return (interaction, authorization)
    }

    private func page(
        _ interaction: Interaction, _ authorization: AuthorizationRequest, _ user: User, _ request: Request
    )
        async throws -> Page
    {
        var page = try await pages.page("consent", at: .consent, for: interaction, request)
        let catalog = try await resources.catalog()
        let former = try await consents.remembered(by: user.id, for: authorization)
        let asked = authorization.consentScope
        let isNew = authorization.prompt.contains(.consent) ? asked : asked.subtracting(former)
        page.data["user"] = ["name": .text(user.displayName), "username": .text(user.username)]
        page.data["switch_account_uri"] = .text(try interactions.location(.selectAccount, interaction))
        let attributes = try await attributes.catalog()
        let client = authorization.client
        let details = authorization.details
        page.data["requested"] = .list(catalog.entries(isNew, details, of: client, with: attributes))
        page.data["requested_access"] = .list(catalog.access(isNew, details, of: client, with: attributes))
        let known = asked.subtracting(isNew)
        page.data["granted"] = .list(catalog.entries(known, of: client, with: attributes))
        page.data["granted_access"] = .list(catalog.access(known, of: client, with: attributes))
        page.data["has_granted"] = .flag(!known.isEmpty)
        page.data["redirect_host"] = .text(authorization.redirect.host)
        return page
    }
}
