import FoundationEssentials
import HTTPTypes

/// Lets users view, link and unlink the accounts at other providers with which they sign in.
struct LinkedAccountsEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let links: any UpstreamLinkStore
    let upstreams: CachedUpstreams
    let starter: UpstreamStarter
    let failures: UpstreamFailures
    let linking: UpstreamLinking
    let copying: UpstreamCopying
    let offers: UpstreamLinkOffers
    let notices: AccountNotices
    let audit: AuditLog
    let path = Path.linkedAccounts
    var routes: [Route] { Route.page(path) }

    init(_ core: Core) {
        gate = AccountGate(core)
        links = core.stores.upstreamLinks
        upstreams = core.upstreams
        starter = UpstreamStarter(core)
        failures = UpstreamFailures(core)
        linking = UpstreamLinking(core)
        copying = UpstreamCopying(core)
        offers = UpstreamLinkOffers(core)
        notices = AccountNotices(core)
        audit = core.audit
    }

    /// What the page says about an attempt that failed.
    private typealias Problem = [String: Page.Value]

    /// Links lead from the page to the upstreams instead of a form, because browsers apply `form-action` to every redirect
    /// after a form, including those of the upstream. Only an offer made for this session leads there.
    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response {
        guard request.parameters["offer"] != nil else {
            return try await page(visitor, request, problem: try await problem(request))
        }
        guard let offer = offers.open(request, for: visitor.user, in: visitor.session) else {
            return try await page(visitor, request, problem: ["expired": true])
        }
        guard let upstream = try await upstreams.findEnabled(offer.upstream), upstream.authority == offer.authority
        else {
            return try await page(visitor, request, problem: ["unavailable": true])
        }
        guard offer.subject == nil else { return try await page(visitor, request, confirming: (offer, upstream)) }
        try gate.requireMoreThanMailbox(visitor)
        let purpose = UpstreamAttempt.Purpose.link(user: visitor.user.id, session: visitor.session.id)
        do { return try await starter.start(upstream, for: purpose, in: request) } catch let failure as UpstreamFailure
        {
            return try failures.response(to: failure, of: purpose)
        }
    }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response {
        let problem: Problem? =
            switch request.parameters["action"] {
            case "add": try await add(visitor, request)
            case "remove":
                try await remove(Identifier(rawValue: request.parameters["link"] ?? ""), of: visitor.user, request)
            // The user doesn't want to link the account.
            default: nil
            }
        if let problem { return try await page(visitor, request, problem: problem) }
        // So that a reload doesn't repeat the action.
        return .redirect(to: gate.interactions.issuer.reference(path))
    }

    private func add(_ visitor: AccountGate.Visitor, _ request: Request) async throws -> Problem? {
        try gate.requireMoreThanMailbox(visitor)
        guard let offer = offers.open(request, for: visitor.user, in: visitor.session), let subject = offer.subject
        else {
            return ["expired": true]
        }
        guard let upstream = try await upstreams.findEnabled(offer.upstream), upstream.authority == offer.authority
        else {
            return ["unavailable": true]
        }
        switch try await linking.link(upstream, subject, label: offer.label ?? "", to: visitor.user, request) {
        case .added, .present: return nil
        case .taken: return Self.describe(.taken, at: upstream)
        case .outdated: return ["full": true]
        }
    }

    private func remove(_ id: Identifier<UpstreamLink>, of owner: User, _ request: Request) async throws -> Problem? {
        guard let link = try await links.links(of: owner.id).first(where: { $0.id == id }) else {
            return ["gone": true]
        }
        let enabled = try await upstreams.enabled()
        switch try await links.remove(id, of: owner.id, usable: enabled.map(\.authority), at: gate.now()) {
        case .removed:
            audit.record(.upstreamUnlinked(link.upstream), user: owner.id)
            await notices.removed(.upstream, by: owner.id, request)
            if let rules = enabled.first(where: { $0.id == link.upstream })?.accountRules {
                // No further sign-in there would take away the roles that the upstream gave.
                _ = try await copying.copy(.none, to: owner.id, by: rules, isFirst: false)
            }
            return nil
        case .unknown: return ["gone": true]
        case .last: return ["last": true]
        }
    }

    /// Returns the problem that a failed sign-in at an upstream led here with.
    private func problem(_ request: Request) async throws -> Problem? {
        guard request.parameters["problem"] != nil else { return nil }
        // The others are problems of signing in.
        guard let reason = UpstreamFailure.Reason(of: request), reason != .unlinked, reason != .tooLong,
            let upstream = try await upstreams.enabled().named(request.parameters["upstream"])
        else { return ["unavailable": true] }
        return Self.describe(reason, at: upstream)
    }

    /// The texts differ from those of the sign-in page, because the user is signed in.
    private static func describe(_ reason: UpstreamFailure.Reason, at upstream: Upstream) -> Problem {
        ["text": .text("text.linked_accounts_problem_\(reason.rawValue)"), "name": upstream.shownName]
    }

    private func page(
        _ visitor: AccountGate.Visitor, _ request: Request, problem: Problem? = nil,
        confirming candidate: (offer: UpstreamLinkOffer, upstream: Upstream)? = nil
    ) async throws -> Response {
        var (page, cookie) = gate.page("linked-accounts", at: path, for: visitor, request)
        let enabled = try await upstreams.enabled()
        let own = try await links.links(of: visitor.user.id)
        page.data["links"] = .list(
            own.map { link in Self.describe(link, at: enabled.first { $0.authority == link.authority }) })
        page.data["has_none"] = .flag(own.isEmpty)
        if let candidate {
            page.data["candidate"] = [
                "offer": .text(try offers.seal(candidate.offer)), "upstream": candidate.upstream.shownName,
                "label": .text(candidate.offer.label ?? ""),
            ]
        } else {
            page.data["choices"] = .list(
                try enabled.map { upstream in
                    let offer = offers.make(for: visitor.user, in: visitor.session, at: upstream)
                    return .object(upstream.shown.merging(["href": .text(try offers.location(offer))]) { $1 })
                })
            page.imageSources += enabled.compactMap(\.logoURI)
        }
        page.data["error"] = problem.map(Page.Value.object)
        return Response.page(page).setting(cookie)
    }

    /// `upstream` is `nil` if it is disabled, was deleted, or has another authority now.
    private static func describe(_ link: UpstreamLink, at upstream: Upstream?) -> Page.Value {
        var data: [String: Page.Value] = [
            "id": .text(link.id.rawValue), "upstream": upstream?.shownName ?? .text(link.upstream.rawValue),
            "label": .text(link.label), "created": .time(link.createdAt, .day), "is_usable": .flag(upstream != nil),
        ]
        data["used"] = link.lastUsedAt.map { .time($0, .recent) }
        return .object(data)
    }
}
