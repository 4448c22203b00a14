/// Signed responses: of the authorization endpoint (JARM), userinfo, and introspection (RFC 9701).
enum ResponseJWTModules {
    static let all = [errors, modes, defaultMode, userInfo, introspection, introspectionOfGarbage, plainIntrospection]

    /// An error is as worth protecting as a code (JARM §2.1).
    static let errors = Module("martlet-jarm-error", ["JARM-001", "JARM-004", "FAPI2-MS-006"]) { trial in
        let client = try answered(trial)
        var request = try client.request()
        request["prompt"] = "none"
        let address = try await client.requestURI(for: request)
        let answer = try await client.answer(to: request, client.visit(address, by: nil))
        trial.check(AuthorizationConditions.failure, answer)
        trial.check(
            AuthorizationConditions.isError(PromptModules.interactionErrors, "JARM §2.1"), answer)
    }

    static let modes = Module("martlet-jarm-response-modes", ["JARM-004", "JARM-002", "JARM-003"]) { trial in
        let metadata = try await trial.metadata()
        for mode in ["query.jwt", "fragment.jwt", "form_post.jwt"] {
            guard metadata.lists(mode, in: "response_modes_supported") == true else { continue }
            let client = try answered(trial)
            var request = try client.request()
            request["response_mode"] = mode
            _ = try await client.redeem(client.authorize(request))
        }
        trial.check(offersJWT, metadata)
    }

    /// `jwt` is `query.jwt` for the response type `code`.
    static let defaultMode = Module("martlet-jarm-default-mode", ["JARM-005"]) { trial in
        let client = try answered(trial)
        let answer = try await client.authorize(client.request())
        trial.check(AuthorizationConditions.hasNoFragment, answer)
        trial.check(isInQuery, answer)
    }

    static let userInfo = Module("martlet-userinfo-signed", ["OIDC-Core-054", "OIDC-Core-055"]) { trial in
        let signer = try SigningClient(trial)
        let (request, object) = try signer.object()
        let answer = try await trial.answer(to: request, signer.visit(object))
        let signedIn = try await trial.redeem(answer, verifier: request.proofKey?.verifier)
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        let response = try await trial.send(
            WebRequest("GET", endpoint, headers: [Trial.bearer(signedIn.accessToken)]))
        let evidence = SignedAnswerEvidence(
            answer: response, issuer: trial.target.issuer, audience: signer.registration.clientID,
            keys: try await trial.keys())
        trial.check(SignedAnswerConditions.userInfo, evidence)
        trial.check(SignedAnswerConditions.isAbout(signedIn.subject), evidence)
    }

    static let introspection = Module(
        "martlet-introspection-jwt", ["RFC9701-001", "RFC9701-002", "RFC9701-003", "RFC9701-005", "FAPI2-MS-007"]
    ) { trial in
        let evidence = try await introspected(trial, TokenStateModules.serviceToken(trial))
        trial.check(SignedAnswerConditions.introspection + [SignedAnswerConditions.saysActive], evidence)
    }

    static let introspectionOfGarbage = Module(
        "martlet-introspection-jwt-of-garbage", ["RFC9701-004", "RFC9701-006"]
    ) { trial in
        let evidence = try await introspected(trial, .random())
        trial.check(SignedAnswerConditions.introspection + [SignedAnswerConditions.saysOnlyInactive], evidence)
    }

    /// A JWT is sent only to a resource server that asks for it, and only after authentication.
    static let plainIntrospection = Module(
        "martlet-introspection-jwt-only-if-asked", ["RFC9701-001", "RFC9701-006"]
    ) { trial in
        let token = try await TokenStateModules.serviceToken(trial)
        let plain = try await TokenStateModules.introspect(token, as: trial.registration(.api), trial)
        trial.check(TokenStateModules.isActive, plain)
        let endpoint = try await trial.metadata().endpoint("introspection_endpoint")
        let anonymous = try await trial.send(
            .form([Parameter("token", token)], to: endpoint, headers: [SignedAnswerConditions.accept]))
        trial.check([TokenStateModules.tellsNothing, TokenStateModules.isRefused], anonymous)
    }

    private static func introspected(_ trial: Trial, _ token: String) async throws -> SignedAnswerEvidence {
        let api = try trial.registration(.api)
        let endpoint = try await trial.metadata().endpoint("introspection_endpoint")
        let proof = try ClientAuthentication(api, audience: trial.target.issuer)
        let answer = try await trial.send(
            .form(
                [Parameter("token", token)] + proof.form, to: endpoint,
                headers: proof.headers + [SignedAnswerConditions.accept]))
        return SignedAnswerEvidence(
            answer: answer, issuer: trial.target.issuer, audience: api.clientID, keys: try await trial.keys())
    }

    private static func answered(_ trial: Trial) throws -> FAPIClient {
        var variant = FAPIVariant()
        variant.responseMode = .jarm
        return try FAPIClient(trial, variant: variant)
    }

    static let offersJWT = Condition<ProviderMetadata>(
        "response_modes_supported has jwt and query.jwt", .failure, "JARM §4"
    ) { metadata in
        let missing = ["jwt", "query.jwt"].filter { metadata.lists($0, in: "response_modes_supported") != true }
        return .require(missing.isEmpty, "missing: \(missing)")
    }

    static let isInQuery = Condition<AuthorizationAnswer>(
        "the response mode jwt uses the query for a code", .failure, "JARM §2.3.4"
    ) { answer in
        .require(answer.landing.query["response"] != nil, "the query has no response")
    }
}
