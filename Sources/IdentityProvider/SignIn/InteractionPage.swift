/// What every page within an authorization shows and carries.
enum InteractionPage {
    static func make(
        _ template: String, for interaction: Interaction, _ request: Request, clients: any ClientStore,
        interactions: InteractionKeeper, formToken: FormToken
    ) async throws -> Page {
        guard let client = try await clients.find(interaction.request.client), !client.isDisabled,
            let identity = interactions.browser.identity(in: request)
        else { throw OAuthError.interactionLost }
        return Page(
            template,
            data: [
                "display": .object([interaction.request.display.rawValue: true]),
                "client": .object(describe(client)),
                "action": .text(interactions.issuer.reference("/\(template)")),
                "form_token": .text(formToken.value(for: identity)),
                "interaction": .text(try interactions.seal(interaction)),
            ],
            languages: interaction.request.languages, formTargets: [interaction.request.redirect.source],
            imageSources: [client.logoURI].compactMap(\.self))
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
