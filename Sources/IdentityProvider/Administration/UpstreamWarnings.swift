import JOSE

extension ResourceSet {
    /// Warns about rules of upstreams that have no effect, and about users for whom no sign-in counts as recent.
    func upstreamWarnings(_ known: ResourceNames) -> [ResourceProblem] {
        var routes: [String: Identifier<Upstream>] = [:]
        return zip(places["upstreams"] ?? [], upstreams).flatMap { place, document in
            let upstream = document.upstream
            var problems = Self.ruleWarnings(upstream.accountRules, known, at: place)
            if upstream.accountRules.signUp != .off, upstream.leavesTimeUnknown {
                let reason =
                    "users who sign in only with \(upstream.name) can't reach pages that ask for a recent sign-in; add assurance: {reauthentication: assumed} to trust that \(upstream.name) asks them, or let them set a password by email"
                problems.append(ResourceProblem(place: place.member("sign_up"), reason: reason))
            }
            for domain in upstream.domains {
                let owner = routes[domain] ?? upstream.id
                routes[domain] = owner
                guard owner != upstream.id else { continue }
                let reason = "\(domain) is also a domain of upstream \(owner); only one of them gets its users"
                problems.append(ResourceProblem(place: place.member("domains"), reason: reason))
            }
            return problems
        }
    }

    private static func ruleWarnings(
        _ rules: UpstreamAccountRules, _ known: ResourceNames, at place: ResourcePlace
    ) -> [ResourceProblem] {
        let memberships = rules.memberships.enumerated().flatMap { index, rule in
            let place = place.member("memberships[\(index)]")
            return unknown(
                rule.membership.roles, "role", among: known.roles, at: place.member("roles"),
                because: "no such role exists, so nothing is granted")
                + unknown(
                    rule.membership.groups, "group", among: known.groups, at: place.member("groups"),
                    because: "no such group exists, so nothing is granted")
        }
        let attributes = unknown(
            rules.attributes.keys.sorted(), "attribute", among: known.attributes, at: place.member("attributes"),
            because: "no such attribute exists, so nothing is copied")
        return memberships + attributes
    }
}

extension Upstream {
    /// Whether responses never say when the user signed in, and the operator doesn't assume that it was just now. Google
    /// sends no `auth_time`, and OAuth 2 providers have no ID Tokens.
    fileprivate var leavesTimeUnknown: Bool {
        guard !assurance.assumesReauthentication else { return false }
        return if case .listed = endpoints { true } else { preset == .google }
    }
}
