/// A sign-out and where it led.
package struct LogoutEvidence: Sendable {
    package let arrival: Arrival
    /// Where the client wanted the browser to go.
    package let destination: String?
    package let state: String?

    package init(arrival: Arrival, destination: String?, state: String?) {
        self.arrival = arrival
        self.destination = destination
        self.state = state
    }
}

/// OpenID Connect RP-Initiated Logout §2, §3.
enum LogoutConditions {
    typealias On = Condition<LogoutEvidence>

    static let returns = On(
        "the browser comes back to the registered address", .failure, "OpenID Connect RP-Initiated Logout §3"
    ) { evidence in
        guard let landing = evidence.arrival.landing else {
            return .broken("it stays at \(evidence.arrival.page?.address.base ?? "no page")")
        }
        return .require(
            landing.address.base == WebAddress(evidence.destination ?? "").base, "it went to \(landing.address.base)")
    }

    static let returnsState = On(
        "state comes back, exactly when it was sent", .failure, "OpenID Connect RP-Initiated Logout §3"
    ) { evidence in
        guard let landing = evidence.arrival.landing else { return .notRun("nothing came back") }
        return .require(landing.query["state"] == evidence.state, "state is \(landing.query["state"] ?? "missing")")
    }

    static let returnsNothingElse = On(
        "nothing but state comes back", .warning, "OpenID Connect RP-Initiated Logout §3"
    ) { evidence in
        guard let landing = evidence.arrival.landing else { return .notRun("nothing came back") }
        let others = landing.query.names.subtracting(["state"])
        return .require(others.isEmpty, "there is \(others.sorted())")
    }

    static let staysAtProvider = On(
        "the browser is not sent anywhere", .failure, "OpenID Connect RP-Initiated Logout §2"
    ) { evidence in
        .require(evidence.arrival.landing == nil, "it went to \(evidence.arrival.landing?.address.base ?? "")")
    }

    static let showsAPage = On(
        "a page says what happened", .failure, "OpenID Connect RP-Initiated Logout §2"
    ) { evidence in
        guard let page = evidence.arrival.page else { return .notRun("the browser was sent on") }
        let isPage = page.answer.status == 200 || (400..<500).contains(page.answer.status)
        return .require(
            isPage && page.answer.mediaType.hasPrefix("text/") && !page.answer.body.isEmpty,
            "the answer is \(page.answer.status) \(page.answer.mediaType)")
    }

    static let confirms = On(
        "a page says that the person is signed out", .failure, "OpenID Connect RP-Initiated Logout §2"
    ) { evidence in
        guard let page = evidence.arrival.page else { return .broken("there is no page") }
        return .require(
            page.answer.status == 200 && !page.answer.body.isEmpty, "the answer is \(page.answer.status)")
    }
}
