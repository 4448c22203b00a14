import FoundationEssentials
import HTTPTypes

/// Creates the pages of an interaction.
struct InteractionPages: Sendable {
    let formToken: FormToken
    private let clients: CachedClients
    private let interactions: InteractionKeeper
    private let pendingLinks: PendingLinks
    private let stores: Stores

    init(_ core: Core) {
        formToken = FormToken(core)
        clients = core.clients
        interactions = InteractionKeeper(core)
        pendingLinks = PendingLinks(core)
        stores = core.stores
    }

    /// Returns a page with the data that all pages of an interaction share. Its form is submitted to `path`.
    func page(
        _ template: String, at path: Path, for interaction: Interaction, _ request: Request
    ) async throws -> Page {
        guard let identity = interactions.browser.identity(in: request) else { throw OAuthError.interactionLost }
        let setting = try await setting(of: interaction)
        if case .authorization = interaction.purpose, setting.client == nil { throw OAuthError.interactionLost }
        var page = Page(
            template,
            data: [
                "action": .text(interactions.issuer.reference(path)),
                "form_token": .text(formToken.value(for: identity, in: request)),
                "interaction": .text(try interactions.seal(interaction)),
            ],
            formTargets: interaction.formTargets)
        page.show(setting)
        page.data["linking"] = try await linking(of: interaction)
        return page
    }

    /// Returns what the pages of a sign-in show about the account at an upstream that it will link.
    private func linking(of interaction: Interaction) async throws -> Page.Value? {
        guard interaction.guest?.isLinking == true, let (guest, upstream) = try await pendingLinks.find(in: interaction)
        else { return nil }
        return [
            "upstream": upstream.shownName, "label": .text(guest.label),
            "cancel_uri": .text(try interactions.otherWays(for: interaction)),
        ]
    }

    /// Returns what every page of the interaction shows about its request.
    func setting(of interaction: Interaction) async throws -> PageSetting {
        switch interaction.purpose {
        case .authorization(let authorization):
            PageSetting(
                client: try await clients.findEnabled(authorization.client), visit: nil,
                display: interaction.display, languages: interaction.languages)
        case .signIn(let signIn):
            PageSetting(
                client: nil, visit: .object(signIn.name.map { ["name": .text($0)] } ?? [:]),
                display: interaction.display, languages: interaction.languages)
        }
    }

    /// Redirects a browser without an interaction to the account page. Adds a next step to the errors that `body` throws:
    /// a lost sign-in starts over, and one that failed for the moment continues.
    func guide(_ request: Request, _ body: () async throws -> Response) async throws -> Response {
        if request.method == .get, request.parameters["interaction"] == nil {
            return .redirect(to: interactions.issuer.reference(.account))
        }
        do { return try await body() } catch let error as OAuthError {
            throw try await guided(error, request)
        } catch let error as any StorageUnavailable {
            throw try await guided(.unavailable(retryAfter: 2, cause: error), request)
        }
    }

    private func guided(_ error: OAuthError, _ request: Request) async throws -> OAuthError {
        guard let restarted = interactions.restart(request) else { return error }
        var error = error
        error.languages = restarted.languages
        guard error.next == nil else { return error }
        switch error.status {
        case .gone, .forbidden: error.next = try await restart(restarted)
        case .tooManyRequests, .serviceUnavailable, .internalServerError:
            guard let interaction = try? interactions.resume(request) else { break }
            error.next = NextStep(try interactions.location(interaction.path, interaction), .retry)
        default: break
        }
        return error
    }

    /// Returns a step that starts the same request over, in any browser. No factors and no consent carry over, so it is
    /// equivalent to following the client's link again. `nil` if the client's registration no longer allows the request.
    private func restart(_ interaction: Interaction) async throws -> NextStep? {
        switch interaction.purpose {
        case .authorization(let authorization):
            guard let client = try await clients.findEnabled(authorization.client),
                authorization.isPossible(for: client)
            else { return nil }
            // A pushed request is gone once it was answered or has expired (RFC 9126 §4).
            if let id = authorization.pushed, try await stores.pushedRequests.find(id) == nil { return client.wayBack }
            let uri = try interactions.location(.authorization, interaction)
            return NextStep(uri, .application, name: client.shownName)
        case .signIn(let signIn):
            // A page of ours, with or without a client whose demands apply.
            guard let id = signIn.client, signIn.source != nil else {
                return NextStep(interactions.issuer.path + signIn.location, .signIn)
            }
            guard let origin = signIn.source, let client = try await clients.client(protecting: origin), client.id == id
            else { return nil }
            return client.application(at: origin)
        }
    }
}

/// What pages show about the request that a sign-in is for.
struct PageSetting: Sendable {
    let client: Client?
    /// Set if the sign-in is not for a client.
    let visit: Page.Value?
    let display: Display
    let languages: [String]
}

extension Page {
    mutating func show(_ setting: PageSetting) {
        data["display"] = .object([setting.display.rawValue: true])
        data["visit"] = setting.visit
        languages = setting.languages
        if let client = setting.client { show(client) }
    }

    /// Adds the client's name, logo and links to the page.
    mutating func show(_ client: Client) {
        var data: [String: Value] = [
            "name": client.shownName, "initial": .text(String(client.name.prefix(1)).uppercased()),
        ]
        data["client_uri"] = client.clientURI.map(Value.text)
        data["logo_uri"] = client.logoURI.map(Value.text)
        data["policy_uri"] = client.policyURI.map(Value.text)
        data["tos_uri"] = client.termsOfServiceURI.map(Value.text)
        self.data["client"] = .object(data)
        imageSources = [client.logoURI].compactMap(\.self)
    }
}
