/// What every page within an authorization shows and carries.
enum InteractionPage {
    static func make(
        _ template: String, for interaction: Interaction, _ request: Request, clients: any ClientStore,
        interactions: InteractionKeeper, formToken: FormToken
    ) async throws -> Page {
        guard let identity = interactions.browser.identity(in: request) else { throw OAuthError.interactionLost }
        var page = Page(
            template,
            data: [
                "display": .object([interaction.display.rawValue: true]),
                "action": .text(interactions.issuer.reference("/\(template)")),
                "form_token": .text(formToken.value(for: identity, in: request)),
                "interaction": .text(try interactions.seal(interaction)),
            ],
            languages: interaction.languages, formTargets: interaction.formTargets)
        switch interaction.purpose {
        case .authorization(let authorization):
            guard let client = try await clients.findEnabled(authorization.client) else {
                throw OAuthError.interactionLost
            }
            page.data["client"] = .object(describe(client))
            page.imageSources = [client.logoURI].compactMap(\.self)
        case .visit(let visit):
            page.data["visit"] = .object(visit.name.map { ["name": .text($0)] } ?? [:])
        }
        return page
    }

    static func describe(_ client: Client) -> [String: Page.Value] {
        var data: [String: Page.Value] = [
            "name": .text(client.name), "initial": .text(String(client.name.prefix(1)).uppercased()),
        ]
        data["client_uri"] = client.clientURI.map(Page.Value.text)
        data["logo_uri"] = client.logoURI.map(Page.Value.text)
        data["policy_uri"] = client.policyURI.map(Page.Value.text)
        data["tos_uri"] = client.termsOfServiceURI.map(Page.Value.text)
        return data
    }
}
