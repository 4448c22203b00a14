/// Conditions on where a browser stopped and how it got there.
package enum ArrivalConditions {
    package typealias On = Condition<Arrival>

    static let reachesClient = On(
        "the browser returns to the client", .failure, "RFC 6749 §4.1.2", "OpenID Connect Core §3.1.2.5"
    ) { arrival in
        guard let page = arrival.page else { return .holds }
        return .broken("it stopped at \(page.address.base) (\(page.answer.status) \(page.answer.mediaType))")
    }

    static let staysAtProvider = On(
        "the browser is not redirected; a page shows the error", .failure, "RFC 6749 §4.1.2.1", "RFC 9700 §2.1"
    ) { arrival in
        if let landing = arrival.landing { return .broken("the browser was redirected to \(landing.address.base)") }
        guard let page = arrival.page else { return .broken("no page was shown") }
        let isRefusal = (400..<500).contains(page.answer.status) || page.answer.status == 200
        return .require(
            isRefusal && !page.answer.body.isEmpty,
            "the response is \(page.answer.status) with \(page.answer.body.count) bytes")
    }

    /// An error page that asks for a password would look like a normal sign-in.
    static let asksNobody = On(
        "the error page does not ask for a password", .failure, "RFC 6749 §4.1.2.1"
    ) { arrival in
        guard let page = arrival.page else { return .notRun("no page was shown") }
        return .require(!page.forms.contains { $0.kind == .signIn }, "the page has a sign-in form")
    }

    static let showsSignIn = On(
        "the sign-in page is shown", .failure, "OpenID Connect Core §3.1.2.3"
    ) { arrival in
        .require(arrival.visited.contains(.signIn), "pages shown: \(arrival.visited.map(\.rawValue))")
    }

    static let showsNoSignIn = On(
        "the user is not asked to sign in again", .failure, "OpenID Connect Core §3.1.2.3"
    ) { arrival in
        .require(!arrival.visited.contains(.signIn), "the sign-in page was shown")
    }

    static let showsNothing = On(
        "no page is shown", .failure, "OpenID Connect Core §3.1.2.1"
    ) { arrival in
        if let page = arrival.page { return .broken("\(page.address.base) was shown (\(page.answer.status))") }
        return .require(arrival.visited.isEmpty, "pages shown: \(arrival.visited.map(\.rawValue))")
    }
}
