import FoundationEssentials
import JOSE

/// Sends browsers to upstreams.
struct UpstreamStarter: Sendable {
    private let client: UpstreamClient
    private let cookie: UpstreamAttemptCookie
    private let clients: CachedClients
    private let rules: SignInRules
    private let issuer: Issuer
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        client = UpstreamClient(core)
        cookie = UpstreamAttemptCookie(core)
        clients = core.clients
        rules = SignInRules(core, factors: [])
        issuer = core.issuer
        now = core.now
    }

    /// Returns a redirect to `upstream`, with the cookie of the attempt. The caller has checked that the purpose belongs
    /// to this browser. Throws `UpstreamFailure`.
    func start(_ upstream: Upstream, for purpose: UpstreamAttempt.Purpose, in request: Request) async throws -> Response
    {
        let purpose = purpose.startingOver
        let metadata = try await client.metadata(of: upstream)
        var asked = UpstreamRequest(
            upstream: upstream, metadata: metadata,
            redirectURI: issuer.url(.upstreamCallback.with(upstream.id.rawValue)), state: Self.secret(),
            nonce: Self.secret(), verifier: Self.secret())
        asked.contexts = try await contexts(upstream, for: purpose)
        if case .signIn(let interaction) = purpose { asked.ask(for: interaction) }
        let attempt = UpstreamAttempt(
            state: asked.state, upstream: upstream.id, purpose: purpose, nonce: asked.nonce, verifier: asked.verifier,
            startedAt: now(), maxAge: asked.maxAge)
        guard let cookie = try cookie.setting(attempt) else {
            let cause = UpstreamMistake("the request doesn't fit into a cookie; shorten state, claims or login_hint")
            throw UpstreamFailure(.tooLong, upstream, cause: cause)
        }
        Decision.note("The browser is sent to the upstream \(upstream.id).")
        return .redirect(to: asked.url).setting(cookie)
    }

    /// Returns the `acr_values` that the issuer, the client or the upstream's own rules make necessary.
    private func contexts(_ upstream: Upstream, for purpose: UpstreamAttempt.Purpose) async throws -> [String] {
        var wanted = upstream.assurance.minimum
        if case .signIn(let interaction) = purpose {
            let client: Client? = if let id = interaction.client { try await clients.find(id) } else { nil }
            let policy = try await rules.policy(
                toward: SignIn.Destination(client: client, asked: interaction.asked), by: nil)
            wanted = max(wanted, policy.minimum, policy.asked ?? .singleFactor)
        }
        return wanted == .singleFactor ? [] : upstream.assurance.values(reaching: wanted)
    }

    private static func secret() -> String { Base64URL.encode(RandomBytes.make(32)) }
}

extension UpstreamAttempt.Purpose {
    /// Without what the user has shown so far, for which a cookie has no room, and without the guest: someone who goes on
    /// with an upstream no longer wants to link an account of the one before.
    fileprivate var startingOver: Self {
        guard case .signIn(var interaction) = self else { return self }
        interaction.guest = nil
        interaction.progress = nil
        return .signIn(interaction)
    }
}

extension UpstreamRequest {
    /// Passes on what the interaction demands and knows.
    fileprivate mutating func ask(for interaction: Interaction) {
        prompts = interaction.prompts(for: upstream.id).filter { upstream.preset?.prompts.contains($0) ?? true }
        // `prompt=login` alone would not make the upstream prove it with `auth_time` (OpenID Connect Core §3.1.2.1).
        maxAge = interaction.mustSignInAgain || interaction.reauthenticating == upstream.id ? 0 : interaction.maxAge
        loginHint = interaction.loginHint(for: upstream)
        languages = interaction.languages
    }
}

extension Interaction {
    /// The `prompt` values that concern the sign-in. Consent is asked for here.
    fileprivate func prompts(for upstream: Identifier<Upstream>) -> [Prompt] {
        if reauthenticating == upstream { return [.login] }
        // Without asking, the upstream would send back the account that is signed in already.
        let added: [Prompt] = addsAccount == true ? [.selectAccount] : []
        return switch purpose {
        case .authorization(let request):
            [.login, .selectAccount].filter { request.prompt.contains($0) || added.contains($0) }
        case .signIn: added
        }
    }

    /// The client's `login_hint`, or an address that leads to `upstream`. Our own pages name the user by a username, which
    /// upstreams need not learn.
    fileprivate func loginHint(for upstream: Upstream) -> String? {
        switch purpose {
        case .authorization: loginHint
        case .signIn: loginHint.flatMap { [upstream].routing($0) == nil ? nil : $0 }
        }
    }
}
