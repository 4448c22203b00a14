/// Sign-outs that clients learn of from logout tokens (OpenID Connect Back-Channel Logout).
enum BackChannelModules {
    static let official = [verification, logout]
    static let own = [everyClient, strangers, retry, refusal, redirect, slowClient, notAHint, refreshTokens]

    static let verification = Module("oidcc-backchannel-logout-discovery-endpoint-verification") { trial in
        let evidence = MetadataEvidence(metadata: try await trial.metadata(), issuer: trial.target.issuer)
        let section = "OpenID Connect Back-Channel Logout §2.1"
        trial.check(
            [
                MetadataConditions.isJSON, MetadataConditions.hasEndSession,
                MetadataConditions.supports("backchannel_logout_supported", section),
                MetadataConditions.supports("backchannel_logout_session_supported", section),
            ], evidence)
    }

    static let logout = Module("oidcc-backchannel-rp-initiated-logout") { trial in
        let client = try BackChannelClient(trial)
        let browser = trial.browser()
        let signedIn = try await client.signIn(in: browser)
        try await trial.signOut(signedIn, in: browser)
        try await client.isNotified(of: signedIn)
        try await trial.isSignedOut(browser, at: client.role)
    }

    static let everyClient = Module(
        "martlet-backchannel-logout-every-client", ["OIDC-Back-Channel-Logout-003", "OIDC-Back-Channel-Logout-008"]
    ) { trial in
        let clients = [try BackChannelClient(trial), try BackChannelClient(trial, .otherBackChannel)]
        let browser = trial.browser()
        var all: [SignedIn] = []
        for client in clients { all.append(try await client.signIn(in: browser)) }
        let starter = try await trial.signIn(trial.request(), in: browser)
        try await trial.signOut(starter, in: browser)
        var tokens: [LogoutTokenEvidence] = []
        for (client, signedIn) in zip(clients, all) { tokens.append(try await client.isNotified(of: signedIn)) }
        trial.check(LogoutTokenConditions.areDistinct, tokens)
    }

    static let strangers = Module(
        "martlet-backchannel-logout-strangers", ["OIDC-Back-Channel-Logout-003"]
    ) { trial in
        let (client, stranger) = (try BackChannelClient(trial), try BackChannelClient(trial, .otherBackChannel))
        let browser = trial.browser()
        let signedIn = try await client.signIn(in: browser)
        try await trial.signOut(signedIn, in: browser)
        try await client.isNotified(of: signedIn)
        try await stranger.fence()
        trial.check(
            LogoutTokenConditions.noneArrived(
                "a client without tokens in the session is not told of its end",
                "OpenID Connect Back-Channel Logout §2.3"),
            stranger.receiver.requests(where: stranger.isNotice(of: signedIn)))
    }

    static let retry = Module(
        "martlet-backchannel-logout-retry", ["OIDC-Back-Channel-Logout-007"]
    ) { trial in
        let client = try BackChannelClient(trial)
        let browser = trial.browser()
        let signedIn = try await client.signIn(in: browser)
        client.receiver.react(.status(503), times: 2, to: client.isNotice(of: signedIn))
        try await trial.signOut(signedIn, in: browser)
        let tokens = try await client.notices(3, of: signedIn, within: 60)
        for token in tokens { trial.check(LogoutTokenConditions.shared, token) }
        trial.check(LogoutTokenConditions.areRepeats, tokens)
    }

    /// A client that refuses a token will refuse it again (§2.8).
    static let refusal = Module(
        "martlet-backchannel-logout-refusal", ["OIDC-Back-Channel-Logout-010"]
    ) { trial in
        let client = try BackChannelClient(trial)
        let browser = trial.browser()
        let signedIn = try await client.signIn(in: browser)
        client.receiver.react(.status(400), times: 100, to: client.isNotice(of: signedIn))
        try await trial.signOut(signedIn, in: browser)
        try await client.isNotified(of: signedIn)
        // Longer than the pause before a retry of a temporary failure.
        try await trial.wait(30)
        try await client.fence()
        trial.check(
            LogoutTokenConditions.noneArrived(
                "a refused notice is not repeated", "OpenID Connect Back-Channel Logout §2.5"),
            Array(client.receiver.requests(where: client.isNotice(of: signedIn)).dropFirst()))
    }

    /// A redirect could lead to an internal address.
    static let redirect = Module(
        "martlet-backchannel-logout-redirect", ["OIDC-Back-Channel-Logout-007"]
    ) { trial in
        let client = try BackChannelClient(trial)
        let path = "/redirected/\(String.random())"
        let browser = trial.browser()
        let signedIn = try await client.signIn(in: browser)
        client.receiver.react(.status(307, location: path), to: client.isNotice(of: signedIn))
        try await trial.signOut(signedIn, in: browser)
        try await client.isNotified(of: signedIn)
        try await client.fence()
        trial.check(
            LogoutTokenConditions.noneArrived("redirects are not followed", "OpenID Connect Back-Channel Logout §2.5"),
            client.receiver.requests { $0.path == path })
    }

    static let slowClient = Module(
        "martlet-backchannel-logout-slow-client", ["OIDC-Back-Channel-Logout-008"]
    ) { trial in
        let (client, slow) = (try BackChannelClient(trial), try BackChannelClient(trial, .otherBackChannel))
        let browsers = (trial.browser(), trial.browser())
        let slowly = try await slow.signIn(in: browsers.0)
        slow.receiver.react(.silence, to: slow.isNotice(of: slowly))
        let signedIn = try await client.signIn(in: browsers.1)
        try await trial.signOut(slowly, in: browsers.0)
        _ = try await slow.notices(of: slowly)
        let start = ContinuousClock.now
        try await trial.signOut(signedIn, in: browsers.1)
        try await client.isNotified(of: signedIn)
        trial.check(isPrompt, (ContinuousClock.now - start).seconds)
    }

    static let isPrompt = Condition<Double>(
        "a client that does not respond delays no other", .failure, "OpenID Connect Back-Channel Logout §2.5"
    ) { seconds in
        .require(seconds < 8, "another client's notice took \(Int(seconds)) s")
    }

    /// A client has the logout token of a session that is over. It proves nothing about any other.
    static let notAHint = Module(
        "martlet-backchannel-logout-token-is-no-id-token",
        ["OIDC-Back-Channel-Logout-005", "OIDC-RP-Initiated-Logout-002"]
    ) { trial in
        let client = try BackChannelClient(trial)
        let browser = trial.browser()
        let former = try await client.signIn(in: browser)
        try await trial.signOut(former, in: browser)
        let token = try await client.isNotified(of: former)
        _ = try await client.signIn(in: browser)
        var parameters = try former.logoutRequest
        parameters["id_token_hint"] = token.text
        let evidence = try await trial.endSession(parameters, in: browser, by: nil)
        trial.check(LogoutConditions.staysAtProvider, evidence)
        try await trial.isSignedIn(browser, at: client.role)
        let userInfo = WebRequest(
            "GET", try await trial.metadata().endpoint("userinfo_endpoint"), headers: [Trial.bearer(token.text)])
        trial.check(isNoAccessToken, try await trial.send(userInfo))
    }

    static let isNoAccessToken = Condition<WebAnswer>(
        "a logout token gives no access", .failure, "OpenID Connect Back-Channel Logout §4"
    ) { answer in
        .require(answer.status == 401, "the userinfo endpoint responds with \(answer.status)")
    }

    static let refreshTokens = Module(
        "martlet-backchannel-logout-refresh-tokens", ["OIDC-Back-Channel-Logout-009"]
    ) { trial in
        let client = try BackChannelClient(trial)
        let scopes =
            try await trial.metadata().lists("offline_access", in: "scopes_supported") == true
            ? ["openid", "openid offline_access"] : ["openid"]
        for scope in scopes {
            let browser = trial.browser()
            var request = try trial.request(client.role, scope: scope)
            let isOffline = scope != "openid"
            if isOffline { request["prompt"] = "consent" }
            let signedIn = try await trial.signIn(request, in: browser)
            try await trial.signOut(signedIn, in: browser)
            guard let token = signedIn.tokens.refreshToken else {
                trial.check(needsNone, isOffline)
                continue
            }
            let answer = try await trial.token(RefreshModules.parameters(token), as: request.registration)
            if isOffline {
                trial.check(survives, answer)
            } else {
                trial.check(
                    TokenErrorConditions.refusal(["invalid_grant"], "OpenID Connect Back-Channel Logout §2.7"), answer)
            }
        }
    }

    static let needsNone = Condition<Bool>(
        "a refresh token is issued for offline_access", .failure, "OpenID Connect Core §11"
    ) { isOffline in
        .require(!isOffline, "none was issued")
    }

    static let survives = Condition<WebAnswer>(
        "a refresh token with offline_access survives the sign-out", .warning, "OpenID Connect Back-Channel Logout §2.7"
    ) { answer in
        .require(answer.status == 200, "the token endpoint responds with \(answer.status)")
    }
}
