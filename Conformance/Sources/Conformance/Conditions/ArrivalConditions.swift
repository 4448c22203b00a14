/// What must hold of the way a browser went.
package enum ArrivalConditions {
    package typealias On = Condition<Arrival>

    static let reachesClient = On(
        "the browser comes back to the client", .failure, "RFC 6749 §4.1.2", "OpenID Connect Core §3.1.2.5"
    ) { arrival in
        guard let page = arrival.page else { return .holds }
        return .broken("it stays at \(page.address.base) (\(page.answer.status) \(page.answer.mediaType))")
    }

    static let staysAtProvider = On(
        "nobody is redirected; a page says what is wrong", .failure, "RFC 6749 §4.1.2.1", "RFC 9700 §2.1"
    ) { arrival in
        if let landing = arrival.landing { return .broken("the browser was sent to \(landing.address.base)") }
        guard let page = arrival.page else { return .broken("there is no page") }
        let isRefusal = (400..<500).contains(page.answer.status) || page.answer.status == 200
        return .require(isRefusal && !page.answer.body.isEmpty, "the answer is \(page.answer.status), without words")
    }

    /// An error must not look like a sign-in that would go on.
    static let asksNobody = On(
        "the page that says so does not ask for a password", .failure, "RFC 6749 §4.1.2.1"
    ) { arrival in
        guard let page = arrival.page else { return .notRun("there is no page") }
        return .require(!page.forms.contains { $0.kind == .signIn }, "it is a sign-in page")
    }

    static let showsSignIn = On(
        "the sign-in page is shown", .failure, "OpenID Connect Core §3.1.2.3"
    ) { arrival in
        .require(arrival.visited.contains(.signIn), "pages on the way: \(arrival.visited.map(\.rawValue))")
    }

    static let showsNoSignIn = On(
        "the person is not asked to sign in again", .failure, "OpenID Connect Core §3.1.2.3"
    ) { arrival in
        .require(!arrival.visited.contains(.signIn), "the sign-in page was shown")
    }

    static let showsNothing = On(
        "no page is shown", .failure, "OpenID Connect Core §3.1.2.1"
    ) { arrival in
        if let page = arrival.page { return .broken("\(page.address.base) is shown (\(page.answer.status))") }
        return .require(arrival.visited.isEmpty, "pages on the way: \(arrival.visited.map(\.rawValue))")
    }
}
