/// When the user is prompted, and when not (OpenID Connect Core §3.1.2.1).
enum PromptModules {
    static let all = [login, noneNotSignedIn, noneSignedIn, maxAge1, maxAge10000, hint]

    /// The errors allowed when `prompt=none` would need interaction (OpenID Connect Core §3.1.2.6).
    static let interactionErrors = [
        "login_required", "interaction_required", "account_selection_required", "consent_required",
    ]

    static let login = Module("oidcc-prompt-login") { trial in
        let browser = trial.browser()
        let first = try await trial.signIn(trial.request(), in: browser)
        // auth_time has whole seconds, so a later time must differ by at least one.
        try await Task.sleep(for: .seconds(1.1))
        var request = try trial.request()
        request["prompt"] = "login"
        let (answer, arrival) = try await trial.authorize(request, in: browser, by: trial.person())
        trial.check(ArrivalConditions.showsSignIn, arrival)
        let both = TwoSignIns(first: first, second: try await trial.redeem(answer), now: trial.now)
        trial.check([ReauthenticationConditions.isSamePerson, ReauthenticationConditions.isLater], both)
    }

    static let noneNotSignedIn = Module("oidcc-prompt-none-not-logged-in") { trial in
        var request = try trial.request()
        request["prompt"] = "none"
        let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
        trial.check(ArrivalConditions.showsNothing, arrival)
        let answer = try await trial.answer(to: request, arrival)
        trial.check(AuthorizationConditions.failure, answer)
        trial.check(AuthorizationConditions.isError(interactionErrors, "OpenID Connect Core §3.1.2.6"), answer)
    }

    static let noneSignedIn = Module("oidcc-prompt-none-logged-in") { trial in
        let (first, second) = try await again(trial) { request, _ in request["prompt"] = "none" }
        unchanged(trial, first, second)
    }

    static let hint = Module("oidcc-id-token-hint") { trial in
        let (first, second) = try await again(trial) { request, first in
            request["prompt"] = "none"
            request["id_token_hint"] = first.idToken.text
        }
        unchanged(trial, first, second)
    }

    static let maxAge1 = Module("oidcc-max-age-1") { trial in
        let browser = trial.browser()
        let first = try await trial.signIn(trial.request(), in: browser)
        // Longer than max_age allows.
        try await Task.sleep(for: .seconds(2.1))
        var request = try trial.request()
        request["max_age"] = "1"
        let (answer, arrival) = try await trial.authorize(request, in: browser, by: trial.person())
        trial.check(ArrivalConditions.showsSignIn, arrival)
        let both = TwoSignIns(first: first, second: try await trial.redeem(answer), now: trial.now)
        trial.check(
            [
                ReauthenticationConditions.isSamePerson, ReauthenticationConditions.hasTime,
                ReauthenticationConditions.isLater, ReauthenticationConditions.isRecent,
            ], both)
    }

    static let maxAge10000 = Module("oidcc-max-age-10000") { trial in
        let browser = trial.browser()
        var request = try trial.request()
        request["max_age"] = "15000"
        let first = try await trial.signIn(request, in: browser)
        try await Task.sleep(for: .seconds(1.1))
        request = try trial.request()
        request["max_age"] = "10000"
        let (answer, arrival) = try await trial.authorize(request, in: browser, by: trial.person())
        trial.check(ArrivalConditions.showsNoSignIn, arrival)
        let both = TwoSignIns(first: first, second: try await trial.redeem(answer), now: trial.now)
        trial.check(
            [
                ReauthenticationConditions.isSamePerson, ReauthenticationConditions.haveTime,
                ReauthenticationConditions.isUnchanged,
            ], both)
    }

    /// Signs in, then repeats the changed request without a person at the browser.
    private static func again(
        _ trial: Trial, _ change: (inout AuthorizationRequest, SignedIn) -> Void
    ) async throws -> (SignedIn, SignedIn) {
        let browser = trial.browser()
        let first = try await trial.signIn(trial.request(), in: browser)
        try await Task.sleep(for: .seconds(1.1))
        var request = try trial.request()
        change(&request, first)
        let arrival = try await trial.visit(request, in: browser, by: nil)
        trial.check(ArrivalConditions.showsNothing, arrival)
        return (first, try await trial.redeem(try await trial.answer(to: request, arrival)))
    }

    private static func unchanged(_ trial: Trial, _ first: SignedIn, _ second: SignedIn) {
        let both = TwoSignIns(first: first, second: second, now: trial.now)
        trial.check([ReauthenticationConditions.isSamePerson, ReauthenticationConditions.isUnchanged], both)
    }
}
