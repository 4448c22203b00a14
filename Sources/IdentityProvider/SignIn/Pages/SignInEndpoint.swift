import FoundationEssentials
import HTTPTypes
import Logging

extension Path { static let signIn = Path("/sign-in") }

/// The page that asks for username and password, or for the username first, if its domain may lead to an upstream.
struct SignInEndpoint: InteractionPageEndpoint {
    let passwords: PasswordSignIn
    let passkeys: PasskeyFactor
    let upstreams: SignInUpstreams
    let loop: InteractionLoop
    let accounts: InteractionAccounts
    let interactions: InteractionKeeper
    let pages: InteractionPages
    /// Links from the sign-in page to other pages, by template name.
    let links: [String: Page.Value]
    let routes = Route.page(.signIn)

    init(_ core: Core, loop: InteractionLoop) {
        passwords = PasswordSignIn(core, signIn: loop.signIn)
        passkeys = PasskeyFactor(core)
        upstreams = SignInUpstreams(core)
        self.loop = loop
        accounts = InteractionAccounts(core)
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
        links = Self.links(core)
    }

    /// The fields that the page asks for.
    private enum Fields {
        case all
        /// The first step, if some domains are routed to upstreams.
        case username
        /// The second step, for a username that isn't routed.
        case password
    }

    func show(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        let allowed = try await upstreams.allowed(for: interaction)
        if let upstream = upstreams.destination(of: interaction, among: allowed, request) {
            return try await upstreams.send(interaction, to: upstream, request)
        }
        let chosen = try await accounts.chosen(in: interaction, request)?.username
        let username = request.parameters["account"] == "other" ? nil : chosen ?? interaction.loginHint
        let asksInSteps = allowed.routesDomains && interaction.forwarded == nil && !SignInUpstreams.showsAll(request)
        let problem = request.parameters["problem"] == "passkey" ? "passkey_refused" : nil
        return .page(
            try await page(
                interaction, allowed, request, username: username, error: problem,
                fields: !asksInSteps ? .all : username == nil ? .username : .password))
    }

    func submit(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        let allowed = try await upstreams.allowed(for: interaction)
        let username = request.parameters["username"] ?? ""
        guard let password = request.parameters["password"] ?? (allowed.routesDomains ? nil : "") else {
            return try await goOn(with: username, interaction, allowed, request)
        }
        switch try await passwords.attempt(
            username, password, toward: await loop.destination(of: interaction), for: interaction.client, request)
        {
        case .throttled(let pause):
            return .tooManyRequests(
                try await page(interaction, allowed, request, username: username, error: "throttled"),
                retryAfter: pause.seconds)
        case .refused:
            return .page(try await page(interaction, allowed, request, username: username, error: "credentials"))
        case .accepted(let user, let outcome):
            return try await loop.proceed(outcome, of: interaction, by: user, in: request)
        }
    }

    /// Continues after the first step. Only the domain decides how, so that the response doesn't reveal whether the
    /// account exists.
    private func goOn(
        with username: String, _ interaction: Interaction, _ allowed: [Upstream], _ request: Request
    ) async throws -> Response {
        guard let upstream = allowed.routing(username) else {
            return .page(
                try await page(
                    interaction, allowed, request, username: username, fields: username.isEmpty ? .username : .password)
            )
        }
        var interaction = interaction
        interaction.purpose = interaction.purpose.with(loginHint: username)
        return try await upstreams.send(interaction, to: upstream, request)
    }

    private static func links(_ core: Core) -> [String: Page.Value] {
        guard core.sendsMail else { return [:] }
        var links: [String: Page.Value] = ["has_links": true]
        links["forgot_password_uri"] = .text(core.issuer.reference(.forgotPassword))
        if core.hasSignUpPage { links["sign_up_uri"] = .text(core.issuer.reference(.signUp)) }
        return links
    }

    private func page(
        _ interaction: Interaction, _ allowed: [Upstream], _ request: Request, username: String?, error: String? = nil,
        fields: Fields = .all
    ) async throws -> Page {
        var page = try await pages.page("sign-in", at: .signIn, for: interaction, request)
        page.data.merge(links) { own, _ in own }
        if let username, !username.isEmpty { page.data["username"] = .text(username) }
        if let error { page.data["error"] = .object([error: true]) }
        if interaction.addsAccount == true {
            page.data["accounts_uri"] = .text(try interactions.location(.selectAccount, interaction))
        }
        page.data["asks_username_only"] = .flag(fields == .username)
        if fields == .password {
            page.data["other_account_uri"] = .text(try interactions.location(.signIn, interaction) + "&account=other")
        }
        try upstreams.show(allowed, on: &page, for: interaction, request)
        try await passkeys.invite(on: &page, request)
        return page
    }
}
