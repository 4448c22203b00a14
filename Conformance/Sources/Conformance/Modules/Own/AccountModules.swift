/// Several people in one browser (OpenID Connect Core §3.1.2.1, `prompt=select_account`).
enum AccountModules {
    static let all = [select, another, choose, hints, otherBrowser, tellsNothing, silentHint, create]

    private static func otherUser(_ trial: Trial) throws -> Person {
        guard let other = trial.target.otherUser else { throw NotConfigured(what: "the target has no other_user") }
        return Person(other)
    }

    private static func request(
        _ trial: Trial, _ role: Role = .first, prompt: String? = nil, hint: [Parameter] = []
    ) throws -> AuthorizationRequest {
        var request = try trial.request(role)
        request["prompt"] = prompt
        request.parameters += hint
        return request
    }

    /// Two people who are signed in in one browser. The other user is current.
    private struct Shared: Sendable {
        let browser: Browser
        let user: SignedIn
        let other: SignedIn

        init(_ trial: Trial) async throws {
            browser = trial.browser()
            user = try await trial.signIn(trial.request(), in: browser)
            let (answer, arrival) = try await trial.authorize(
                AccountModules.request(trial, prompt: "select_account"), in: browser, by: otherUser(trial))
            trial.check(AccountConditions.offers, arrival.visited)
            trial.check(AccountConditions.signsIn, arrival.visited)
            other = try await trial.redeem(answer)
            trial.check(AccountConditions.areDifferent, [user.subject, other.subject])
        }
    }

    /// Returns the user whom a request is answered for. Nobody signs in on the way.
    private static func chosen(
        _ trial: Trial, _ request: AuthorizationRequest, in browser: Browser, by person: Person?
    ) async throws -> SignedIn {
        let (answer, arrival) = try await trial.authorize(request, in: browser, by: person)
        trial.check(ArrivalConditions.showsNoSignIn, arrival)
        return try await trial.redeem(answer)
    }

    static let select = Module("martlet-select-account", ["OIDC-Core-017"]) { trial in
        let browser = trial.browser()
        let before = try await trial.signIn(trial.request(), in: browser)
        let (answer, arrival) = try await trial.authorize(
            request(trial, prompt: "select_account"), in: browser, by: trial.person())
        trial.check(AccountConditions.offers, arrival.visited)
        // Choosing is no proof of anything, so none is asked for and nothing becomes newer.
        trial.check(ArrivalConditions.showsNoSignIn, arrival)
        let after = try await trial.redeem(answer)
        trial.check(AccountConditions.isAbout(before), after)
        trial.check(AccountConditions.keepsTime(of: before), after)
    }

    static let another = Module("martlet-select-account-another", ["OIDC-Core-017"]) { trial in
        let shared = try await Shared(trial)
        let current = try await chosen(trial, request(trial, prompt: "none"), in: shared.browser, by: nil)
        trial.check(AccountConditions.isAbout(shared.other), current)
    }

    static let choose = Module("martlet-select-account-switch", ["OIDC-Core-017"]) { trial in
        let shared = try await Shared(trial)
        for (person, owner) in [
            (trial.person(), shared.user), (try otherUser(trial), shared.other), (trial.person(), shared.user),
        ] {
            let answer = try await chosen(
                trial, request(trial, prompt: "select_account"), in: shared.browser, by: person)
            trial.check(AccountConditions.isAbout(owner), answer)
            trial.check(AccountConditions.keepsTime(of: owner), answer)
        }
    }

    static let hints = Module(
        "martlet-account-hints", ["OIDC-Core-021", "OIDC-Core-022", "OIDC-Core-025"]
    ) { trial in
        let shared = try await Shared(trial)
        for owner in [shared.user, shared.other, shared.user] {
            let hint = Parameter("id_token_hint", owner.idToken.text)
            let answer = try await chosen(
                trial, request(trial, prompt: "none", hint: [hint]), in: shared.browser, by: nil)
            trial.check(AccountConditions.isAbout(owner), answer)
        }
        // A link on any site must not change who is signed in.
        let current = try await chosen(trial, request(trial, prompt: "none"), in: shared.browser, by: nil)
        trial.check(AccountConditions.isAbout(shared.other), current)
        let login = Parameter("login_hint", trial.target.user.username)
        let named = try await chosen(trial, request(trial, hint: [login]), in: shared.browser, by: trial.person())
        trial.check(AccountConditions.isAbout(shared.user).at(.warning), named)
    }

    /// A chooser shown to one browser must not select its accounts in another.
    static let otherBrowser = Module(
        "martlet-account-of-another-browser", ["OIDC-Core-025", "OIDC-Core-028"]
    ) { trial in
        let shared = try await Shared(trial)
        let chooser = try await page(trial, in: shared.browser)
        guard let form = chooser.forms.first(where: { $0.kind == .accountChooser }),
            let action = chooser.address.resolving(form.action),
            let values = form.filled(by: try otherUser(trial), trial.target.pages ?? PageHabits(), at: trial.now)
        else { throw Misbehaviour("the page with the accounts has no form") }
        let stranger = trial.browser()
        let own = try await trial.signIn(trial.request(), in: stranger)
        for isCrossSite in [true, false] {
            var posted = WebRequest.form(values, to: action)
            posted.isCrossSite = isCrossSite
            trial.check(AccountConditions.leadsNowhere, try await stranger.visit(posted, by: nil))
        }
        // The form of the stranger's own chooser, with the account of the other browser.
        let ownChooser = try await page(trial, in: stranger)
        if let ownForm = ownChooser.forms.first(where: { $0.kind == .accountChooser }),
            let button = form.account(of: try otherUser(trial).account.username), let name = button.name
        {
            let mixed = ownForm.hidden.map { Parameter($0.name, $0.value) } + [Parameter(name, button.value)]
            trial.check(
                AccountConditions.leadsNowhere, try await stranger.visit(.form(mixed, to: action), by: nil))
        }
        let answer = try await chosen(trial, request(trial, prompt: "none"), in: stranger, by: nil)
        trial.check(AccountConditions.isAbout(own), answer)
    }

    /// Returns the page on which a user chooses an account.
    private static func page(_ trial: Trial, in browser: Browser) async throws -> ShownPage {
        let arrival = try await trial.visit(request(trial, prompt: "select_account"), in: browser, by: nil)
        guard let page = arrival.page else { throw Misbehaviour("no page shows the accounts") }
        return page
    }

    /// Who used the provider elsewhere, or was signed out here, is not shown.
    static let tellsNothing = Module(
        "martlet-chooser-tells-nothing", ["HTTP-Security-005", "OIDC-Core-017"]
    ) { trial in
        let shared = try await Shared(trial)
        let names = [trial.target.user.username, try otherUser(trial).account.username]
        let own = try await page(trial, in: shared.browser)
        trial.check(AccountConditions.lists(names), WebConditions.words(own.answer))
        trial.check([WebConditions.isNotFramed, WebConditions.isNotStored], own.answer)
        trial.check(
            AccountConditions.tellsNothing(about: names),
            WebConditions.words(try await page(trial, in: trial.browser()).answer))
        let left = trial.browser()
        let signedIn = try await trial.signIn(trial.request(), in: left)
        try await trial.signOut(signedIn, in: left)
        trial.check(
            AccountConditions.tellsNothing(about: names), WebConditions.words(try await page(trial, in: left).answer))
    }

    /// A client that asks silently must not find out who else uses the browser.
    static let silentHint = Module(
        "martlet-account-silent-hint", ["OIDC-Core-014", "OIDC-Core-025", "HTTP-Security-005"]
    ) { trial in
        let shared = try await Shared(trial)
        _ = try await chosen(trial, request(trial, prompt: "select_account"), in: shared.browser, by: trial.person())
        // The other user has never signed in at this client.
        let own = try await trial.signIn(trial.request(.frontChannel), in: shared.browser)
        var answers: [String] = []
        for name in [try otherUser(trial).account.username, "nobody-\(String.random())"] {
            let hinted = try request(trial, .frontChannel, prompt: "none", hint: [Parameter("login_hint", name)])
            let answer = try await trial.answer(to: hinted, trial.visit(hinted, in: shared.browser, by: nil))
            answers.append(answer["error"] ?? "code")
            guard answer["code"] != nil else { continue }
            trial.check(AccountConditions.isAbout(own), try await trial.redeem(answer))
        }
        trial.check(AccountConditions.saysTheSame, answers)
    }

    static let create = Module(
        "martlet-prompt-create", ["OIDC-Prompt-Create-001", "OIDC-Prompt-Create-002", "OIDC-Prompt-Create-003"]
    ) { trial in
        let request = try request(trial, prompt: "create")
        guard try await trial.metadata().lists("create", in: "prompt_values_supported") == true else {
            let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
            guard arrival.landing != nil else { return trial.check(AccountConditions.isRefused, arrival) }
            let answer = try await trial.answer(to: request, arrival)
            trial.check(AuthorizationConditions.failure, answer)
            return trial.check(
                AuthorizationConditions.isError(["invalid_request"], "Initiating User Registration §4.1"), answer)
        }
        for isSignedIn in [false, true] {
            let browser = trial.browser()
            if isSignedIn { _ = try await trial.signIn(trial.request(), in: browser) }
            let arrival = try await trial.visit(request, in: browser, by: nil)
            trial.check(AccountConditions.offersSignUp, arrival)
        }
    }
}

/// Conditions on account choosers.
enum AccountConditions {
    static let offers = Condition<[PageKind]>(
        "the user chooses among the accounts of the browser", .failure, "OpenID Connect Core §3.1.2.1"
    ) { pages in
        .require(pages.contains(.accountChooser), "pages shown: \(pages.map(\.rawValue))")
    }

    static let signsIn = Condition<[PageKind]>(
        "a user whose account is not listed signs in", .failure, "OpenID Connect Core §3.1.2.1"
    ) { pages in
        .require(pages.contains(.signIn), "pages shown: \(pages.map(\.rawValue))")
    }

    static let areDifferent = Condition<[String]>(
        "two users have different sub", .failure, "OpenID Connect Core §2"
    ) { subjects in
        .require(Set(subjects).count == subjects.count, "both are \(subjects.first ?? "missing")")
    }

    static func isAbout(_ owner: SignedIn) -> Condition<SignedIn> {
        let subject = owner.subject
        return Condition("the response is about the chosen account", .failure, "OpenID Connect Core §3.1.2.2") {
            .require($0.subject == subject, "it is about another account")
        }
    }

    static func keepsTime(of owner: SignedIn) -> Condition<SignedIn> {
        let time = owner.authenticatedAt
        return Condition("choosing an account is no new sign-in", .failure, "OpenID Connect Core §2") { answer in
            guard let time, let now = answer.authenticatedAt else { return .notRun("auth_time is missing") }
            return .require(now == time, "auth_time is \(Int(now - time)) s later")
        }
    }

    static let leadsNowhere = Condition<Arrival>(
        "the accounts of one browser cannot be chosen in another", .failure, "OpenID Connect Core §3.1.2.3"
    ) { arrival in
        .require(arrival.landing == nil, "the browser was redirected to the client")
    }

    static func lists(_ names: [String]) -> Condition<String> {
        Condition("every account of the browser is listed", .failure, "OpenID Connect Core §3.1.2.1") { words in
            let missing = names.filter { !words.contains($0) }
            return .require(missing.isEmpty, "missing: \(missing)")
        }
    }

    static func tellsNothing(about names: [String]) -> Condition<String> {
        Condition("nobody else's account is shown", .failure, "OpenID Connect Core §17") { words in
            let shown = names.filter { words.contains($0) }
            return .require(shown.isEmpty, "shown: \(shown)")
        }
    }

    static let saysTheSame = Condition<[String]>(
        "a silent request gets the same response, regardless of who else is signed in", .failure,
        "OpenID Connect Core §17"
    ) { answers in
        .require(Set(answers).count == 1, "the responses differ: \(answers)")
    }

    static let isRefused = Condition<Arrival>(
        "an unsupported prompt is refused", .failure, "Initiating User Registration §4.1"
    ) { arrival in
        .require(arrival.page?.answer.status == 400, "the response is \(arrival.page?.answer.status ?? 0)")
    }

    static let offersSignUp = Condition<Arrival>(
        "prompt=create leads to a page other than the sign-in page", .failure, "Initiating User Registration §4"
    ) { arrival in
        guard let page = arrival.page else { return .broken("the browser was redirected to the client") }
        return .require(
            page.answer.status == 200 && page.forms.contains { !$0.visible.isEmpty && $0.kind != .signIn },
            "the page has no form to sign up with")
    }
}
