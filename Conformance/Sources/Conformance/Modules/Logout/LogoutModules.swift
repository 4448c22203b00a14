/// A client signs the user out (OpenID Connect RP-Initiated Logout).
enum LogoutModules {
    static let all = [
        logout, noState, badDestination, addedQuery, modifiedHint, forgedHint, noHint, noParameters, noDestination,
        onlyState,
    ]

    static let logout = Module("oidcc-rp-initiated-logout") { trial in
        try await leaves(trial, [.hint, .destination, .state])
    }

    static let noState = Module("oidcc-rp-initiated-logout-no-state") { trial in
        try await leaves(trial, [.hint, .destination])
    }

    static let badDestination = Module("oidcc-rp-initiated-logout-bad-post-logout-redirect-uri") { trial in
        try await stays(trial, [.hint, .destination, .state]) { parameters, _ in
            parameters["post_logout_redirect_uri"] = (parameters["post_logout_redirect_uri"] ?? "") + "/" + .random()
        }
    }

    static let addedQuery = Module("oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri") { trial in
        try await stays(trial, [.hint, .destination, .state]) { parameters, _ in
            parameters["post_logout_redirect_uri"] = (parameters["post_logout_redirect_uri"] ?? "") + "?foo=bar"
        }
    }

    static let modifiedHint = Module("oidcc-rp-initiated-logout-modified-id-token-hint") { trial in
        try await stays(trial, [.hint, .destination, .state]) { parameters, token in
            parameters["id_token_hint"] = try SigningKey.none.sign(token.claims, header: ["typ": "JWT"])
        }
    }

    static let forgedHint = Module("oidcc-rp-initiated-logout-bad-id-token-hint") { trial in
        try await stays(trial, [.hint, .destination, .state]) { parameters, token in
            // Signed with the tester's key, under the kid of the provider's.
            let key = try SigningKey.newRSA()
            let header = token.header.merging(["alg": .string(key.algorithm)]) { _, own in own }
            parameters["id_token_hint"] = try key.sign(token.claims, header: header)
        }
    }

    static let noHint = Module("oidcc-rp-initiated-logout-no-id-token-hint") { trial in
        try await stays(trial, [.destination])
    }

    static let noParameters = Module("oidcc-rp-initiated-logout-no-params") { trial in
        try await ends(trial, [])
    }

    static let noDestination = Module("oidcc-rp-initiated-logout-no-post-logout-redirect-uri") { trial in
        try await ends(trial, [.hint, .state])
    }

    static let onlyState = Module("oidcc-rp-initiated-logout-only-state") { trial in
        try await ends(trial, [.state])
    }

    private enum Part { case hint, destination, state }

    /// Signs in, requests sign-out with the given parameters, and confirms it.
    private static func signOut(
        _ trial: Trial, _ parts: Set<Part>, in browser: Browser,
        changing: (inout [Parameter], JWS) throws -> Void = { _, _ in }
    ) async throws -> LogoutEvidence {
        let signedIn = try await trial.signIn(trial.request(), in: browser)
        let destination = try signedIn.afterLogout
        var parameters: [Parameter] = []
        if parts.contains(.hint) { parameters["id_token_hint"] = signedIn.idToken.text }
        if parts.contains(.destination) { parameters["post_logout_redirect_uri"] = destination }
        if parts.contains(.state) { parameters["state"] = .random() }
        try changing(&parameters, signedIn.idToken)
        return try await trial.endSession(parameters, in: browser, by: trial.person())
    }

    /// Checks that the browser returns to the client and that the session has ended.
    private static func leaves(_ trial: Trial, _ parts: Set<Part>) async throws {
        let browser = trial.browser()
        let evidence = try await signOut(trial, parts, in: browser)
        trial.check(LogoutConditions.leaves, evidence)
        try await trial.isSignedOut(browser)
    }

    /// Checks that a page is shown and the browser is not redirected.
    private static func stays(
        _ trial: Trial, _ parts: Set<Part>, changing: (inout [Parameter], JWS) throws -> Void = { _, _ in }
    ) async throws {
        let evidence = try await signOut(trial, parts, in: trial.browser(), changing: changing)
        trial.check([LogoutConditions.staysAtProvider, LogoutConditions.showsAPage], evidence)
    }

    /// Checks that a page confirms the sign-out and that the session has ended.
    private static func ends(_ trial: Trial, _ parts: Set<Part>) async throws {
        let browser = trial.browser()
        let evidence = try await signOut(trial, parts, in: browser)
        trial.check([LogoutConditions.staysAtProvider, LogoutConditions.confirms], evidence)
        try await trial.isSignedOut(browser)
    }
}
