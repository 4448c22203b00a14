import FoundationEssentials
import HTTPTypes
import Logging

extension Path { static let signIn = Path("/sign-in") }

/// The page that asks for username and password.
struct SignInEndpoint: InteractionPageEndpoint {
    let passwords: PasswordSignIn
    let passkeys: PasskeyFactor
    let loop: InteractionLoop
    let interactions: InteractionKeeper
    let pages: InteractionPages
    /// Links from the sign-in page to other pages, by template name.
    let links: [String: Page.Value]
    let routes = Route.page(.signIn)

    init(_ core: Core, loop: InteractionLoop) {
        passwords = PasswordSignIn(core, signIn: loop.signIn)
        passkeys = PasskeyFactor(core)
        self.loop = loop
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
        links = Self.links(core)
    }

    func show(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        let problem = request.parameters["problem"] == "passkey" ? "passkey_refused" : nil
        return .page(try await page(interaction, request, username: interaction.loginHint, error: problem))
    }

    func submit(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        let username = request.parameters["username"] ?? ""
        switch try await passwords.attempt(
            username, request.parameters["password"] ?? "", toward: await loop.destination(of: interaction),
            for: interaction.client, request)
        {
        case .throttled(let pause):
            return .tooManyRequests(
                try await page(interaction, request, username: username, error: "throttled"), retryAfter: pause.seconds)
        case .refused:
            return .page(try await page(interaction, request, username: username, error: "credentials"))
        case .accepted(let user, let outcome):
            return try await loop.proceed(outcome, of: interaction, by: user, in: request)
        }
    }

    private static func links(_ core: Core) -> [String: Page.Value] {
        guard core.sendsMail else { return [:] }
        var links: [String: Page.Value] = ["has_links": true]
        links["forgot_password_uri"] = .text(core.issuer.reference(.forgotPassword))
        if core.settings.signUp == .open { links["sign_up_uri"] = .text(core.issuer.reference(.signUp)) }
        return links
    }

    private func page(_ interaction: Interaction, _ request: Request, username: String?, error: String? = nil)
        async throws -> Page
    {
        var page = try await pages.page("sign-in", at: .signIn, for: interaction, request)
        page.data.merge(links) { own, _ in own }
        if let username, !username.isEmpty { page.data["username"] = .text(username) }
        if let error { page.data["error"] = .object([error: true]) }
        try await passkeys.invite(on: &page, request)
        return page
    }
}
