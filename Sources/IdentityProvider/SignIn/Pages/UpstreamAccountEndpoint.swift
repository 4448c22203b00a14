import FoundationEssentials
import HTTPTypes
import JOSE

/// The page for someone who came from an upstream with an account that is linked to nobody: they sign in to their account
/// here to link it, or create one where the rules allow. It says nothing about which accounts exist.
struct UpstreamAccountEndpoint: InteractionPageEndpoint {
    let pages: InteractionPages
    private let interactions: InteractionKeeper
    private let loop: InteractionLoop
    private let pendingLinks: PendingLinks
    private let accounts: UpstreamAccountCreation
    private let linked: LinkedSignIn
    private let upstreams: SignInUpstreams
    private let users: any UserStore
    let routes = Route.page(.upstreamAccount)

    init(_ core: Core, loop: InteractionLoop) {
        pages = InteractionPages(core)
        interactions = InteractionKeeper(core)
        self.loop = loop
        pendingLinks = PendingLinks(core)
        accounts = UpstreamAccountCreation(core)
        linked = LinkedSignIn(core, loop: loop)
        upstreams = SignInUpstreams(core)
        users = core.stores.users
    }

    func show(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        guard let (guest, upstream) = try await pendingLinks.find(in: interaction) else {
            return try signInAnotherWay(interaction, because: .lost)
        }
        return .page(try await page(interaction, guest, of: upstream, request))
    }

    func submit(_ request: Request) async throws -> Response {
        let interaction = try interactions.resume(request)
        guard let (guest, upstream) = try await pendingLinks.find(in: interaction) else {
            return try signInAnotherWay(interaction, because: .lost)
        }
        switch request.parameters["action"] {
        case "create":
            do { return try await create(interaction, guest, of: upstream, request) } catch let failure
                as UpstreamFailure
            {
                return try signInAnotherWay(interaction, because: failure.reason)
            }
        case "link":
            var linking = interaction
            linking.guest?.isLinking = true
            linking.guest?.offer = nil
            return .redirect(to: try interactions.location(.signIn, linking))
        default: return .redirect(to: try interactions.otherWays(for: interaction))
        }
    }

    /// Redirects to the sign-in page, which says why nothing came of the guest.
    private func signInAnotherWay(
        _ interaction: Interaction, because reason: UpstreamFailure.Reason
    ) throws -> Response {
        let problem = interaction.guest.map { "&" + reason.parameters(of: $0.upstream) } ?? ""
        return .redirect(to: try interactions.otherWays(for: interaction) + problem)
    }

    private func create(
        _ interaction: Interaction, _ guest: UpstreamGuest, of upstream: Upstream, _ request: Request
    ) async throws -> Response {
        // The rules may have changed since.
        guard let offer = guest.offer, upstream.accountRules.signUp != .off else {
            throw UpstreamFailure(.unlinked, upstream)
        }
        let typed = request.parameters["username"] ?? ""
        guard let own = Claims.own(in: request.parameters) else {
            return .page(try await page(interaction, guest, of: upstream, request, error: "too_long"))
        }
        guard let username = Self.username(typed, offer) else {
            return .page(try await page(interaction, guest, of: upstream, request, error: "username"))
        }
        let created = try await accounts.create(
            username, name: own["name"]?.string ?? "", for: guest, offer, by: upstream.accountRules)
        guard let (user, factor) = created else {
            // A second click, or another tab.
            if let response = try await linked.signIn(guest, offer, from: upstream, interaction, request) {
                return response
            }
            if try await users.find(named: username) != nil {
                return .page(try await page(interaction, guest, of: upstream, request, error: "taken"))
            }
            // The address belongs to someone by now.
            throw UpstreamFailure(.unlinked, upstream)
        }
        let outcome = try await loop.signIn.advance(
            nil, with: factor, by: user, toward: loop.destination(of: interaction), in: request)
        switch outcome {
        case .refused: throw UpstreamFailure(.notAdmitted, upstream)
        // Redirects after a form can't lead there.
        case .stale:
            return try await upstreams.send(interaction.reauthenticating(at: upstream.id), to: upstream, request)
        case .signedIn, .unfinished: break
        }
        return try await loop.proceed(outcome, of: interaction, by: user, in: request)
    }

    /// Returns the username, or `nil` unless it is one that people may choose, or their verified address.
    private static func username(_ typed: String, _ offer: UpstreamGuest.Offer) -> String? {
        if let email = offer.email, User.key(of: email) == User.key(of: typed) { return email }
        return NewUsername(typed)?.text
    }

    private func page(
        _ interaction: Interaction, _ guest: UpstreamGuest, of upstream: Upstream, _ request: Request,
        error: String? = nil
    ) async throws -> Page {
        var page = try await pages.page("upstream-account", at: .upstreamAccount, for: interaction, request)
        page.data["name"] = upstream.shownName
        page.data["label"] = .text(guest.label)
        page.data["other_ways_uri"] = .text(try interactions.otherWays(for: interaction))
        guard let offer = guest.offer, upstream.accountRules.signUp != .off else { return page }
        let profile = MappedClaims(offer, by: upstream.accountRules)?.profile["name"]?.string
        page.data["offer"] = [
            "username": .text(request.parameters["username"] ?? offer.username ?? ""),
            "own_name": .text(request.parameters["name"] ?? profile ?? ""), "has_email": .flag(offer.email != nil),
        ]
        if let error { page.data["error"] = .object([error: true]) }
        return page
    }
}
