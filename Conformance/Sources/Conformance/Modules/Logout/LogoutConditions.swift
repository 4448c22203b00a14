/// A sign-out and where the browser went.
package struct LogoutEvidence: Sendable {
    package let arrival: Arrival
    /// The `post_logout_redirect_uri` of the request.
    package let destination: String?
    package let state: String?

    package init(arrival: Arrival, destination: String?, state: String?) {
        self.arrival = arrival
        self.destination = destination
        self.state = state
    }
}

/// Conditions on sign-out (OpenID Connect RP-Initiated Logout §2, §3).
enum LogoutConditions {
    typealias On = Condition<LogoutEvidence>

    /// On a sign-out after which the browser returns to the client.
    static let leaves = [returns, returnsState, returnsNothingElse]

    static let returns = On(
        "the browser returns to the registered post_logout_redirect_uri", .failure,
        "OpenID Connect RP-Initiated Logout §3"
    ) { evidence in
        guard let landing = evidence.arrival.landing else {
            return .broken("it stopped at \(evidence.arrival.page?.address.base ?? "no page")")
        }
        return .require(
            landing.address.base == WebAddress(evidence.destination ?? "").base,
            "it was redirected to \(landing.address.base)")
    }

    static let returnsState = On(
        "state is returned if it was sent, and only then", .failure, "OpenID Connect RP-Initiated Logout §3"
    ) { evidence in
        guard let landing = evidence.arrival.landing else { return .notRun("the browser did not return to the client") }
        return .require(landing.query["state"] == evidence.state, "state is \(landing.query["state"] ?? "missing")")
    }

    static let returnsNothingElse = On(
        "no parameter other than state is returned", .warning, "OpenID Connect RP-Initiated Logout §3"
    ) { evidence in
        guard let landing = evidence.arrival.landing else { return .notRun("the browser did not return to the client") }
        let others = landing.query.names.subtracting(["state"])
        return .require(others.isEmpty, "found \(others.sorted())")
    }

    static let staysAtProvider = On(
        "the browser is not redirected", .failure, "OpenID Connect RP-Initiated Logout §2"
    ) { evidence in
        .require(
            evidence.arrival.landing == nil, "it was redirected to \(evidence.arrival.landing?.address.base ?? "")")
    }

    static let showsAPage = On(
        "a page is shown", .failure, "OpenID Connect RP-Initiated Logout §2"
    ) { evidence in
        guard let page = evidence.arrival.page else { return .notRun("the browser was redirected") }
        let isPage = page.answer.status == 200 || (400..<500).contains(page.answer.status)
        return .require(
            isPage && page.answer.mediaType.hasPrefix("text/") && !page.answer.body.isEmpty,
            "the response is \(page.answer.status) \(page.answer.mediaType)")
    }

    static let confirms = On(
        "a page confirms the sign-out", .failure, "OpenID Connect RP-Initiated Logout §2"
    ) { evidence in
        guard let page = evidence.arrival.page else { return .broken("no page was shown") }
        return .require(
            page.answer.status == 200 && !page.answer.body.isEmpty, "the response is \(page.answer.status)")
    }

    static let asks = On(
        "the user is asked before they are signed out", .failure, "OpenID Connect RP-Initiated Logout §2",
        "OpenID Connect RP-Initiated Logout §6"
    ) { evidence in
        let asked = evidence.arrival.visited + (evidence.arrival.page?.forms.map(\.kind) ?? [])
        return .require(asked.contains(.question), "no page asked; pages shown: \(asked.map(\.rawValue))")
    }

    static let keepsSession = Condition<AuthorizationAnswer>(
        "the user is still signed in", .failure, "OpenID Connect RP-Initiated Logout §6"
    ) { answer in
        .require(answer["code"] != nil, "prompt=none yields \(answer["error"] ?? "no code")")
    }
}
