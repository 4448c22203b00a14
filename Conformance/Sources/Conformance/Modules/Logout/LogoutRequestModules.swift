/// Logout requests that other sites and other clients send (OpenID Connect RP-Initiated Logout §2, §6).
enum LogoutRequestModules {
    static let all = [post, locale, asks, declined, replayedHint, otherUser, otherClient, forgedConfirmation]

    static let post = Module("martlet-logout-post", ["OIDC-RP-Initiated-Logout-001"]) { trial in
        let browser = trial.browser()
        let signedIn = try await trial.signIn(trial.request(), in: browser)
        let evidence = try await trial.endSession(
            signedIn.logoutRequest, in: browser, by: trial.person(), isPosted: true)
        trial.check(LogoutConditions.leaves, evidence)
        try await trial.isSignedOut(browser)
    }

    static let locale = Module("martlet-logout-ui-locales", ["OIDC-RP-Initiated-Logout-006"]) { trial in
        let browser = trial.browser()
        let signedIn = try await trial.signIn(trial.request(), in: browser)
        let evidence = try await trial.endSession(
            signedIn.logoutRequest + [Parameter("ui_locales", "tlh x-unknown")], in: browser, by: trial.person())
        trial.check(LogoutConditions.leaves, evidence)
    }

    /// Any site can send the browser here, so nothing ends before the user answers.
    static let asks = Module(
        "martlet-logout-asks", ["OIDC-RP-Initiated-Logout-003", "OIDC-RP-Initiated-Logout-004"]
    ) { trial in
        let browser = trial.browser()
        _ = try await trial.signIn(trial.request(), in: browser)
        for isPosted in [false, true] {
            let evidence = try await trial.endSession([], in: browser, by: nil, isPosted: isPosted)
            trial.check([LogoutConditions.staysAtProvider, LogoutConditions.asks], evidence)
            try await trial.isSignedIn(browser)
        }
    }

    static let declined = Module("martlet-logout-declined", ["OIDC-RP-Initiated-Logout-005"]) { trial in
        let browser = trial.browser()
        _ = try await trial.signIn(trial.request(), in: browser)
        let evidence = try await trial.endSession([], in: browser, by: trial.person(agrees: false))
        trial.check([LogoutConditions.staysAtProvider, LogoutConditions.asks], evidence)
        try await trial.isSignedIn(browser)
    }

    /// An ID Token from an earlier session could come from a log or an old backup.
    static let replayedHint = Module("martlet-logout-replayed-hint", ["OIDC-RP-Initiated-Logout-003"]) { trial in
        let browser = trial.browser()
        let former = try await trial.signIn(trial.request(), in: browser)
        try await trial.signOut(former, in: browser)
        _ = try await trial.signIn(trial.request(), in: browser)
        try await asksFirst(trial, former.logoutRequest, in: browser)
    }

    static let otherUser = Module("martlet-logout-hint-of-another", ["OIDC-RP-Initiated-Logout-003"]) { trial in
        guard let other = trial.target.otherUser else { throw NotConfigured(what: "the target has no other_user") }
        let theirs = try await trial.signIn(trial.request(), in: trial.browser(), by: Person(other))
        let browser = trial.browser()
        _ = try await trial.signIn(trial.request(), in: browser)
        try await asksFirst(trial, theirs.logoutRequest, in: browser)
    }

    static let otherClient = Module(
        "martlet-logout-client-mismatch", ["OIDC-RP-Initiated-Logout-002", "OIDC-RP-Initiated-Logout-011"]
    ) { trial in
        let second = try trial.registration(.second)
        let browser = trial.browser()
        let signedIn = try await trial.signIn(trial.request(), in: browser)
        var parameters = try signedIn.logoutRequest
        parameters["client_id"] = second.clientID
        parameters["post_logout_redirect_uri"] = second.postLogoutRedirectURIs?.first
        let evidence = try await trial.endSession(parameters, in: browser, by: nil)
        trial.check([LogoutConditions.staysAtProvider, LogoutConditions.showsAPage], evidence)
        try await trial.isSignedIn(browser)
    }

    /// An attacker's confirmation form, submitted from the attacker's site in the victim's browser.
    static let forgedConfirmation = Module("martlet-logout-forged-confirmation", ["OIDC-Core-028"]) { trial in
        let theirs = trial.browser()
        _ = try await trial.signIn(trial.request(), in: theirs)
        let evidence = try await trial.endSession([], in: theirs, by: nil)
        guard let page = evidence.arrival.page, let form = page.forms.first(where: { $0.kind == .question }),
            let action = page.address.resolving(form.action),
            let values = form.filled(by: trial.person(), trial.target.pages ?? PageHabits(), at: trial.now)
        else { throw Misbehaviour("no page asks before the sign-out") }
        let browser = trial.browser()
        _ = try await trial.signIn(trial.request(), in: browser)
        // Same-site too, so that the form itself must be bound to the browser.
        for isCrossSite in [true, false] {
            var request = WebRequest.form(values, to: action)
            request.isCrossSite = isCrossSite
            _ = try await browser.visit(request, by: nil)
            try await trial.isSignedIn(browser)
        }
    }

    private static func asksFirst(_ trial: Trial, _ parameters: [Parameter], in browser: Browser) async throws {
        let evidence = try await trial.endSession(parameters, in: browser, by: nil)
        trial.check([LogoutConditions.staysAtProvider, LogoutConditions.asks], evidence)
        try await trial.isSignedIn(browser)
    }
}
