/// Creates the pages of an interaction.
struct InteractionPages: Sendable {
    let formToken: FormToken
    private let clients: any ClientStore
    private let interactions: InteractionKeeper

    init(_ core: Core) {
        formToken = FormToken(core)
        clients = core.clients
        interactions = InteractionKeeper(core)
    }

    /// Returns a page with the data that all pages of an interaction share. Its form is submitted to `path`.
    func page(
        _ template: String, at path: Path, for interaction: Interaction, _ request: Request
    ) async throws -> Page {
        guard let identity = interactions.browser.identity(in: request) else { throw OAuthError.interactionLost }
        var page = Page(
            template,
            data: [
                "display": .object([interaction.display.rawValue: true]),
                "action": .text(interactions.issuer.reference(path)),
                "form_token": .text(formToken.value(for: identity, in: request)),
                "interaction": .text(try interactions.seal(interaction)),
            ],
            languages: interaction.languages, formTargets: interaction.formTargets)
        switch interaction.purpose {
        case .authorization(let authorization):
            guard let client = try await clients.findEnabled(authorization.client) else {
                throw OAuthError.interactionLost
            }
            page.show(client)
        case .signIn(let request):
            page.data["visit"] = .object(request.name.map { ["name": .text($0)] } ?? [:])
        }
        return page
    }
}

extension Page {
    /// Adds the client's name, logo and links to the page.
    mutating func show(_ client: Client) {
        var data: [String: Value] = [
            "name": .text(client.name), "initial": .text(String(client.name.prefix(1)).uppercased()),
        ]
        data["client_uri"] = client.clientURI.map(Value.text)
        data["logo_uri"] = client.logoURI.map(Value.text)
        data["policy_uri"] = client.policyURI.map(Value.text)
        data["tos_uri"] = client.termsOfServiceURI.map(Value.text)
        self.data["client"] = .object(data)
        imageSources = [client.logoURI].compactMap(\.self)
    }
}
