import JOSE

extension ResourceSet {
    /// Warns about rules of upstreams that have no effect, and about connections that others can read.
    func upstreamWarnings(_ known: ResourceNames) -> [ResourceProblem] {
        var routes: [String: Identifier<Upstream>] = [:]
        return zip(places["upstreams"] ?? [], upstreams).flatMap { place, document in
            let upstream = document.upstream
            var problems = Self.ruleWarnings(upstream.accountRules, known, at: place)
            for member in Self.addresses where upstream.document[member]?.string?.hasPrefix("http:") == true {
                let reason = "http is not encrypted; use https for everything but a test on this machine"
                problems.append(ResourceProblem(place: place.member(member), reason: reason))
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

    private static let addresses = [
        "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "emails_endpoint",
    ]
}
