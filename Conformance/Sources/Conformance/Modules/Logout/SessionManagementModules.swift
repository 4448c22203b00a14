/// Clients that watch the session in a frame (OpenID Connect Session Management).
enum SessionManagementModules {
    static let official = [verification, logout]
    static let own = [salted, otherUser, silently, strangers]

    static let verification = Module("oidcc-session-management-discovery-endpoint-verification") { trial in
        let evidence = MetadataEvidence(metadata: try await trial.metadata(), issuer: trial.target.issuer)
        trial.check(
            [MetadataConditions.isJSON, MetadataConditions.hasSessionFrame, MetadataConditions.hasEndSession], evidence)
    }

    static let logout = Module("oidcc-session-management-rp-initiated-logout") { trial in
        let client = try SessionManagement(trial)
        let browser = trial.browser()
        let signedIn = try await client.signIn(in: browser)
        let state = client.state(in: signedIn.answer)
        let frame = try await client.frame(at: client.origin, in: browser)
        trial.check([SessionConditions.isPage, SessionConditions.canBeFramed], frame)
        trial.check(
            SessionConditions.answers(.unchanged, "while the session lasts"), try await client.ask(state, in: browser))
        try await trial.signOut(signedIn, in: browser)
        trial.check(
            SessionConditions.answers(.changed, "after the sign-out"), try await client.ask(state, in: browser))
    }

    static let salted = Module("martlet-session-state-salted", ["OIDC-Session-Management-001"]) { trial in
        let client = try SessionManagement(trial)
        let browser = trial.browser()
        var states: [SessionState] = []
        for _ in 0..<3 { states.append(client.state(in: try await client.signIn(in: browser).answer)) }
        trial.check(SessionConditions.areSalted, states)
        for state in states {
            trial.check(
                SessionConditions.answers(.unchanged, "to every response of the session"),
                try await client.ask(state, in: browser))
        }
        // Of another client or origin, the same value is worth nothing.
        for (name, origin) in [("other", client.origin), (client.registration.clientID, "https://other.example")] {
            let moved = SessionState(text: states[0].text, client: name, origin: origin)
            trial.check(
                SessionConditions.answers(.changed, "to another client"), try await client.ask(moved, in: browser))
        }
    }

    static let otherUser = Module("martlet-session-state-of-another-user", ["OIDC-Session-Management-003"]) { trial in
        guard let other = trial.target.otherUser else { throw NotConfigured(what: "the target has no other_user") }
        let client = try SessionManagement(trial)
        let browser = trial.browser()
        let state = client.state(in: try await client.signIn(in: browser).answer)
        let next = client.state(in: try await client.signIn(in: browser, by: Person(other), prompt: "login").answer)
        trial.check(
            SessionConditions.answers(.changed, "after another user signed in"),
            try await client.ask(state, in: browser))
        trial.check(
            SessionConditions.answers(.unchanged, "to the response of the new session"),
            try await client.ask(next, in: browser))
    }

    /// A client without a session learns when one begins.
    static let silently = Module(
        "martlet-session-state-signed-out", ["OIDC-Session-Management-001", "OIDC-Session-Management-003"]
    ) { trial in
        let client = try SessionManagement(trial)
        let browser = trial.browser()
        var request = try trial.request(.sessionManagement)
        request["prompt"] = "none"
        let answer = try await trial.answer(to: request, trial.visit(request, in: browser, by: nil))
        trial.check(AuthorizationConditions.failure, answer)
        trial.check([SessionConditions.hasState.at(.warning), SessionConditions.hasNoSpace], answer)
        guard answer["session_state"] != nil else { return }
        let state = client.state(in: answer)
        trial.check(
            SessionConditions.answers(.unchanged, "while nobody signs in"), try await client.ask(state, in: browser))
        _ = try await client.signIn(in: browser)
        trial.check(
            SessionConditions.answers(.changed, "after someone signed in"), try await client.ask(state, in: browser))
    }

    static let strangers = Module(
        "martlet-session-frame-of-strangers", ["OIDC-Session-Management-002"]
    ) { trial in
        let client = try SessionManagement(trial)
        let browser = trial.browser()
        _ = try await client.signIn(in: browser)
        for origin in ["https://stranger.example", client.origin + ".stranger.example", "null"] {
            trial.check(SessionConditions.cannotBeFramed, try await client.frame(at: origin, in: browser))
        }
    }
}
