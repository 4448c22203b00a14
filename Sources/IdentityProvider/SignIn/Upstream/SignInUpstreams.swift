extension Path { static let upstreamSignIn = Path("/sign-in/upstream") }

/// The part of the sign-in page that leads to upstreams: a link to each, the one that the user is sent to without
/// asking, and what happened if a sign-in there failed.
struct SignInUpstreams: Sendable {
    private let choices: UpstreamChoices
    private let interactions: InteractionKeeper
    private let pages: InteractionPages
    private let last: LastUpstream
    private let goesToOnly: Bool

    init(_ core: Core) {
        choices = UpstreamChoices(core)
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
        last = LastUpstream(of: core.issuer)
        goesToOnly = core.settings.goesToOnlyUpstream
    }

    /// Returns none where the sign-in links an account: that takes factors of the user's own.
    func allowed(for interaction: Interaction) async throws -> [Upstream] {
        guard interaction.guest?.isLinking != true else { return [] }
        return try await choices.allowed(for: interaction)
    }

    /// Returns the upstream that the user is sent to without asking: the one that the client names, the one for the
    /// domain of `login_hint`, or the only one. `nil` after a failure, and if the user wants to choose.
    func destination(of interaction: Interaction, among allowed: [Upstream], _ request: Request) -> Upstream? {
        guard interaction.forwarded == nil, !Self.showsAll(request) else { return nil }
        let hinted = allowed.named(interaction.upstreamHint)
        return hinted ?? interaction.loginHint.flatMap(allowed.routing)
            ?? (goesToOnly && allowed.count == 1 ? allowed[0] : nil)
    }

    /// Whether the page shows every way to sign in: after a failure, or because the user asked for it.
    static func showsAll(_ request: Request) -> Bool {
        request.parameters["problem"] != nil || request.parameters["ways"] == "all"
    }

    /// Sends the browser to `upstream` from a page of its own. A redirect could be part of a form's submission, even
    /// through a client, and then `form-action` would have to list wherever upstreams redirect to.
    func send(_ interaction: Interaction, to upstream: Upstream, _ request: Request) async throws -> Response {
        var interaction = interaction
        interaction.forwarded = upstream.id
        let location = try location(of: upstream, interaction)
        var page = try await pages.page("upstream-redirect", at: .signIn, for: interaction, request)
        page.data["upstream"] = .object(upstream.shown)
        page.data["continue_uri"] = .text(location)
        page.data["other_ways_uri"] = .text(try interactions.location(.signIn, interaction) + "&ways=all")
        page.imageSources += [upstream.logoURI].compactMap(\.self)
        return .page(page, movingOnTo: location)
    }

    /// Adds the upstreams to the sign-in page, the last one used first.
    func show(
        _ allowed: [Upstream], on page: inout Page, for interaction: Interaction, _ request: Request
    ) throws {
        page.data["problem"] = Self.problem(request, among: allowed)
        guard !allowed.isEmpty else { return }
        let used = last.upstream(in: request)
        let sorted = allowed.filter { $0.id == used } + allowed.filter { $0.id != used }
        page.data["upstreams"] = .object([
            "choices": .list(
                try sorted.map { upstream in
                    var data = upstream.shown
                    data["href"] = .text(try location(of: upstream, interaction))
                    data["is_last"] = .flag(upstream.id == used)
                    return .object(data)
                })
        ])
        page.imageSources += allowed.compactMap(\.logoURI)
    }

    private func location(of upstream: Upstream, _ interaction: Interaction) throws -> String {
        try interactions.location(.upstreamSignIn, interaction) + "&upstream=\(upstream.id)"
    }

    /// Returns what the page says about a failure. A name that isn't an allowed upstream's is not repeated.
    private static func problem(_ request: Request, among allowed: [Upstream]) -> Page.Value? {
        guard let reason = UpstreamFailure.Reason(of: request) else { return nil }
        guard let upstream = allowed.named(request.parameters["upstream"]) else {
            return ["text": "text.upstream_gone"]
        }
        return ["text": .text("text.upstream_\(reason.rawValue)"), "name": upstream.shownName]
    }
}

extension Upstream {
    /// The name and icon on pages.
    var shown: [String: Page.Value] {
        var data: [String: Page.Value] = ["name": shownName, "initial": .text(String(name.prefix(1)).uppercased())]
        data["logo_uri"] = logoURI.map(Page.Value.text)
        data["icon"] = logoURI == nil ? preset.map { .object([$0.rawValue: true]) } : nil
        return data
    }
}
