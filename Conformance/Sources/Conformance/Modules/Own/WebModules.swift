/// Browser security: caching, CORS, framing, cookies, redirects.
enum WebModules {
    static let all = [caching, crossOrigin, pages, cookies, redirectAfterPassword, formPost, forgedForm, sameWords]

    static let caching = Module("martlet-caching", ["RFC6749-037", "OIDC-Core-080", "OIDC-Core-037"]) { trial in
        let signedIn = try await trial.signIn()
        trial.check(TokenConditions.isNotStored, signedIn.tokens)
        trial.check(WebConditions.isNotStored.at(.warning), try await trial.userInfo(signedIn).answer)
        let keys = try await trial.send(WebRequest("GET", trial.metadata().endpoint("jwks_uri")))
        trial.check(WebConditions.mayBeCached, keys)
    }

    static let crossOrigin = Module(
        "martlet-cross-origin", ["OIDC-Core-053", "OIDC-Discovery-011", "RFC9700-016"]
    ) { trial in
        let metadata = try await trial.metadata()
        let origin = Parameter("Origin", "https://spa.example")
        var shared = [metadata.address]
        for name in ["jwks_uri", "userinfo_endpoint"] { shared.append(try metadata.endpoint(name)) }
        for address in shared {
            let answer = try await trial.send(WebRequest("GET", address, headers: [origin]))
            trial.check([WebConditions.isShared, WebConditions.isSharedWithoutCookies], answer)
        }
        let preflight = [origin, Parameter("Access-Control-Request-Method", "POST")]
        let token = try await trial.send(
            WebRequest("OPTIONS", metadata.endpoint("token_endpoint"), headers: preflight))
        trial.check([WebConditions.isShared, WebConditions.isSharedWithoutCookies], token)
        let authorization = try metadata.endpoint("authorization_endpoint")
        let closed = try await trial.send(WebRequest("GET", authorization, headers: [origin]))
        trial.check(WebConditions.isNotShared, closed)
    }

    static let pages = Module(
        "martlet-pages", ["RFC9700-018", "RFC9700-028", "RFC6749-049", "HTTP-Security-001"]
    ) { trial in
        let arrival = try await trial.visit(trial.request(), in: trial.browser(), by: nil)
        guard let page = arrival.page else { throw Misbehaviour("no sign-in page was shown") }
        trial.check(
            [
                WebConditions.isNotFramed, WebConditions.hidesReferrer, WebConditions.isNotSniffed,
                WebConditions.isNotStored,
            ], page.answer)
    }

    static let cookies = Module("martlet-cookies", ["HTTP-Security-002"]) { trial in
        _ = try await trial.signIn()
        let fields = trial.log.all.flatMap { exchange in
            (try? exchange.result.get())?.all("Set-Cookie") ?? []
        }
        let isSecure = WebAddress(trial.target.issuer).isSecure
        trial.check(WebConditions.cookiesAreGuarded(isSecure: isSecure), fields)
    }

    static let redirectAfterPassword = Module(
        "martlet-redirect-after-password", ["RFC9700-022", "OIDC-Core-094"]
    ) { trial in
        _ = try await trial.signIn()
        trial.check(WebConditions.formsDoNotTravel, trial.log.all)
    }

    static let formPost = Module("martlet-form-post", ["OAuth-Form-Post-001", "OAuth-Form-Post-002"]) { trial in
        guard try await trial.metadata().lists("form_post", in: "response_modes_supported") == true else {
            throw Skip(reason: "response_modes_supported does not contain form_post")
        }
        var request = try trial.request()
        request["response_mode"] = "form_post"
        request["state"] = "\"><script>alert(1)</script>'&amp;&quot; +%2B ä€"
        let (answer, _) = try await trial.authorize(request, in: trial.browser(), by: trial.person())
        _ = try await trial.redeem(answer)
        guard let page = answer.landing.formPage else { throw Misbehaviour("no page with a form was shown") }
        trial.check([WebConditions.isNotStored, WebConditions.isHTML], page.answer)
        trial.check(WebConditions.hasNoForeignScript, page.answer)
    }

    /// A sign-in form shown to one browser must not work in another (login CSRF).
    static let forgedForm = Module("martlet-forged-sign-in", ["OIDC-Core-028", "RFC6749-048"]) { trial in
        try needsForms(trial)
        let arrival = try await trial.visit(trial.request(), in: trial.browser(), by: nil)
        guard let page = arrival.page, let form = page.forms.first(where: { $0.kind == .signIn }),
            let action = page.address.resolving(form.action),
            let values = form.filled(by: trial.person(), trial.target.pages ?? PageHabits(), at: trial.now)
        else { throw Misbehaviour("no sign-in form was shown") }
        let victim = try await trial.browser().visit(.form(values, to: action), by: nil)
        trial.check(WebConditions.leadsNowhere, victim)
    }

    static let sameWords = Module("martlet-sign-in-tells-nothing", ["HTTP-Security-005"]) { trial in
        try needsForms(trial)
        var texts: [String] = []
        let names = [trial.target.user.username, "nobody-\(String.random())"]
        for name in names {
            let browser = trial.browser()
            let arrival = try await trial.visit(trial.request(), in: browser, by: nil)
            guard let page = arrival.page, let form = page.forms.first(where: { $0.kind == .signIn }),
                let action = page.address.resolving(form.action)
            else { throw Misbehaviour("no sign-in form was shown") }
            let person = Person(Account(username: name, password: "wrong-\(String.random())"))
            let values = form.filled(by: person, trial.target.pages ?? PageHabits(), at: trial.now) ?? []
            let answer = try await browser.visit(.form(values, to: action), by: nil)
            texts.append(answer.page.map { "\($0.answer.status) \(WebConditions.words($0.answer))" } ?? "a redirect")
        }
        trial.check(WebConditions.saysTheSame, texts.map { $0.replacing(names[1], with: names[0]) })
    }

    private static func needsForms(_ trial: Trial) throws {
        guard trial.target.pages?.recipes?.isEmpty ?? true else {
            throw NotConfigured(what: "a target without recipes: this module needs a sign-in form")
        }
    }
}

/// Conditions on responses to browsers.
enum WebConditions {
    typealias On = Condition<WebAnswer>

    static let isNotStored = On("the response is not cacheable", .failure, "RFC 9111 §5.2.2.5") { answer in
        .require(
            answer.header("Cache-Control")?.contains("no-store") == true,
            "Cache-Control is \(answer.header("Cache-Control") ?? "missing")")
    }

    static let mayBeCached = On(
        "the JWK Set has a max-age", .warning, "OpenID Connect Core §10.1.1"
    ) { answer in
        .require(
            answer.header("Cache-Control")?.contains("max-age=") == true,
            "Cache-Control is \(answer.header("Cache-Control") ?? "missing")")
    }

    static let isShared = On("scripts from other origins may read the response", .warning, "OpenID Connect Core §5.3") {
        answer in
        .require(answer.header("Access-Control-Allow-Origin") != nil, "Access-Control-Allow-Origin is missing")
    }

    static let isSharedWithoutCookies = On(
        "cross-origin requests with credentials are not allowed", .failure, "Fetch §3.2.3"
    ) { answer in
        .require(
            answer.header("Access-Control-Allow-Credentials") == nil, "Access-Control-Allow-Credentials is present")
    }

    static let isNotShared = On(
        "the authorization endpoint does not allow cross-origin reads", .failure, "RFC 9700 §2.6"
    ) { answer in
        .require(answer.header("Access-Control-Allow-Origin") == nil, "Access-Control-Allow-Origin is present")
    }

    static let isNotFramed = On("the page cannot be framed", .failure, "RFC 9700 §4.16") { answer in
        let policy = answer.all("Content-Security-Policy").joined(separator: ";")
        let isForbidden = policy.contains("frame-ancestors 'none'") || policy.contains("frame-ancestors 'self'")
        return .require(
            isForbidden || answer.header("X-Frame-Options") != nil,
            "neither frame-ancestors nor X-Frame-Options forbids it")
    }

    static let hidesReferrer = On("the page's address is not sent as Referer", .warning, "RFC 9700 §4.2.4") { answer in
        let policy = answer.header("Referrer-Policy") ?? ""
        return .require(
            ["no-referrer", "same-origin", "origin", "strict-origin"].contains(policy), "Referrer-Policy is \(policy)")
    }

    static let isNotSniffed = On("content sniffing is turned off", .warning, "Fetch §3.6") { answer in
        .require(answer.header("X-Content-Type-Options") == "nosniff", "X-Content-Type-Options is not nosniff")
    }

    static let isHTML = On("the page is HTML", .failure, "OAuth 2.0 Form Post Response Mode §2") { answer in
        .require(answer.mediaType == "text/html", "the media type is \(answer.mediaType)")
    }

    static let hasNoForeignScript = On(
        "state is escaped in the page", .failure, "OAuth 2.0 Form Post Response Mode §5"
    ) { answer in
        .require(!answer.text.contains("<script>alert(1)"), "it is embedded as a script")
    }

    static let leadsNowhere = Condition<Arrival>(
        "a form shown to one browser does not sign in another", .failure, "OpenID Connect Core §3.1.2.3"
    ) { arrival in
        .require(arrival.landing == nil, "the browser was redirected to the client")
    }

    static let refusesAgain = Condition<Arrival>(
        "a used one-time password is rejected", .failure, "RFC 6238 §5.2"
    ) { arrival in
        .require(arrival.landing == nil, "it worked a second time")
    }

    static func cookiesAreGuarded(isSecure: Bool) -> Condition<[String]> {
        Condition("cookies are HttpOnly, SameSite and, over https, Secure", .failure, "RFC 6265bis §8.8") { fields in
            guard !fields.isEmpty else { return .broken("no cookie was set") }
            let open = fields.map { $0.lowercased() }.filter { field in
                !field.contains("httponly") || !field.contains("samesite") || isSecure && !field.contains("secure")
            }
            return .require(open.isEmpty, "missing attributes: \(open.map { $0.prefix { $0 != "=" } })")
        }
    }

    static let formsDoNotTravel = Condition<[Exchange]>(
        "a redirect after a form post does not resend the form", .failure, "RFC 9700 §4.12"
    ) { exchanges in
        let redirects = exchanges.filter { $0.request.method == "POST" }.compactMap { try? $0.result.get() }
            .filter(\.isRedirect)
        guard !redirects.isEmpty else { return .notRun("no form post was followed by a redirect") }
        return .require(!redirects.contains { [307, 308].contains($0.status) }, "the status is 307 or 308")
    }

    static let saysTheSame = Condition<[String]>(
        "a wrong password and an unknown username get the same response", .failure, "OWASP ASVS 2.2.1"
    ) { texts in
        .require(Set(texts).count == 1, "the responses differ: \(texts)")
    }

    /// Returns the visible text of a page.
    static func words(_ answer: WebAnswer) -> String {
        HTMLPiece.scan(answer.text).compactMap { piece in
            if case .text(let text) = piece {
                text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            } else {
                nil
            }
        }.filter { !$0.isEmpty }.joined(separator: " ")
    }
}
