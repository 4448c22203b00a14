/// The steps of scripts that sign the user out.
extension Trial {
    /// Sends the browser to the end session endpoint.
    func endSession(
        _ parameters: [Parameter], in browser: Browser, by person: Person?, isPosted: Bool = false
    ) async throws -> LogoutEvidence {
        let endpoint = try await metadata().endpoint("end_session_endpoint")
        var request = isPosted ? .form(parameters, to: endpoint) : WebRequest("GET", endpoint.adding(parameters))
        request.isCrossSite = isPosted
        return LogoutEvidence(
            arrival: try await browser.visit(request, by: person), destination: parameters["post_logout_redirect_uri"],
            state: parameters["state"])
    }

    /// Signs out at the request of the client that got `signedIn`, and checks that the browser returns there.
    @discardableResult
    func signOut(_ signedIn: SignedIn, in browser: Browser) async throws -> LogoutEvidence {
        let evidence = try await endSession(try signedIn.logoutRequest, in: browser, by: person())
        check(LogoutConditions.leaves, evidence)
        return evidence
    }

    /// Checks that the browser has no session. The user must have signed in at the client before.
    func isSignedOut(_ browser: Browser, at role: Role = .first) async throws {
        check(
            AuthorizationConditions.isError(PromptModules.interactionErrors, "OpenID Connect Core §3.1.2.6"),
            try await silently(browser, role))
    }

    /// Checks that the browser has a session. The user must have signed in at the client before.
    func isSignedIn(_ browser: Browser, at role: Role = .first) async throws {
        check(LogoutConditions.keepsSession, try await silently(browser, role))
    }

    private func silently(_ browser: Browser, _ role: Role) async throws -> AuthorizationAnswer {
        var request = try request(role)
        request["prompt"] = "none"
        return try await answer(to: request, visit(request, in: browser, by: nil))
    }
}

extension SignedIn {
    /// Where the browser goes after a sign-out. Throws `NotConfigured` if the client has no such address.
    var afterLogout: String {
        get throws {
            let registration = answer.request.registration
            guard let destination = registration.postLogoutRedirectURIs?.first else {
                throw NotConfigured(what: "the client \(registration.clientID) needs post_logout_redirect_uris")
            }
            return destination
        }
    }

    /// The parameters of the client's logout request (OpenID Connect RP-Initiated Logout §2).
    var logoutRequest: [Parameter] {
        get throws {
            [
                Parameter("id_token_hint", idToken.text), Parameter("post_logout_redirect_uri", try afterLogout),
                Parameter("state", .random()),
            ]
        }
    }

    var session: String? { idToken.claims["sid"]?.string }
}
