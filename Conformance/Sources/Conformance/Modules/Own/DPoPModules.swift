/// DPoP beyond the FAPI 2.0 plans (RFC 9449).
enum DPoPModules {
    static let all = [
        algorithms, challenge, introspection, publicRefresh, optional, tokenProofs, codeOfThief, nonceRotation, truth,
    ]

    static let algorithms = Module("martlet-dpop-algorithms", ["RFC9449-002", "RFC9449-010", "FAPI2-SP-039"]) {
        trial in
        let listed = try await trial.metadata()["dpop_signing_alg_values_supported"]?.strings ?? []
        let keys = [SigningKey.newP256(), try SigningKey.newPSS(), .newEd25519()]
        for key in keys where listed.contains(key.algorithm) {
            var client = try FAPIClient(trial)
            client.proofKey = key
            try await client.useResource(client.signIn())
        }
        trial.check(hasPermitted, listed)
    }

    /// A call without token is told how to present one.
    static let challenge = Module("martlet-dpop-challenge", ["RFC9449-012", "RFC9449-013"]) { trial in
        let client = try FAPIClient(trial)
        let address = try await client.resource()
        trial.check(challenges, try await trial.send(WebRequest("GET", address)))
        let grant = try await client.signIn()
        var call = try await client.call(grant.accessToken)
        call.proofs = []
        let unproven = try await client.send(call)
        trial.check([challenges, ErrorModules.isUnauthorized], unproven)
        call.scheme = "Bearer"
        let bearer = try await client.send(call)
        trial.check([ErrorModules.isUnauthorized], bearer)
        try await client.useResource(grant)
    }

    static let introspection = Module("martlet-dpop-introspection", ["RFC9449-011", "RFC9449-010"]) { trial in
        var variant = FAPIVariant()
        variant.identity = .plainOAuth
        let client = try FAPIClient(trial, variant: variant)
        let grant = try await client.signIn()
        let answer = try await TokenStateModules.introspect(
            grant.accessToken, as: trial.registration(.api), trial)
        trial.check([TokenStateModules.isActive, saysDPoP], answer)
        trial.check(confirms(client.proofKey?.publicJWK?.thumbprint ?? "", "jkt"), answer)
    }

    /// A public client has nothing but its key to protect its refresh token with.
    static let publicRefresh = Module("martlet-dpop-public-refresh-token", ["RFC9449-007"]) { trial in
        let client = try PublicClient(trial)
        let token = try await client.refreshToken()
        let codes = ["invalid_grant", "invalid_dpop_proof", "invalid_request"]
        for key in [nil, SigningKey.newP256()] {
            trial.check(
                TokenErrorConditions.refusal(codes, "RFC 9449 §5"), try await client.refresh(token, by: key))
        }
        trial.check(TokenAnswerConditions.succeeds, try await client.refresh(token, by: client.key))
    }

    /// A client may send a proof without having registered anything. Its token is bound.
    static let optional = Module("martlet-dpop-without-registration", ["RFC9449-006", "RFC9449-013"]) { trial in
        let client = try PublicClient(trial)
        let answer = try await client.tokens()
        trial.check(hasDPoPType, answer)
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        let token = answer.json?["access_token"]?.string ?? ""
        let bearer = try await trial.send(WebRequest("GET", endpoint, headers: [Trial.bearer(token)]))
        trial.check(ErrorModules.isUnauthorized, bearer)
    }

    /// Altered proofs at the token endpoint. None of them uses up the code.
    static let tokenProofs = Module(
        "martlet-dpop-token-endpoint-proofs", ["RFC9449-001", "RFC9449-003", "RFC9449-004", "RFC9449-019"]
    ) { trial in
        let client = try FAPIClient(trial)
        let answer = try await client.authorize(client.request())
        for altered in AlteredProofs.invalid {
            var direct = try client.redemption(answer)
            direct.changesProof = altered.change
            trial.check(refusesProof(altered.what), try await client.send(direct, to: "token_endpoint"))
        }
        _ = try await client.redeem(answer)
    }

    static let codeOfThief = Module("martlet-dpop-code-bound-by-thumbprint", ["RFC9449-017", "RFC9449-018"]) { trial in
        let client = try FAPIClient(trial)
        var request = try client.request()
        request["dpop_jkt"] = client.proofKey?.publicJWK?.thumbprint
        var pushed = client.push(request)
        pushed.direct.proofKey = client.proofKey
        let answer = try await client.authorize(request, pushed)
        var stolen = try client.redemption(answer)
        stolen.proofKey = .newP256()
        try await client.isRefused(
            stolen, ["invalid_grant", "invalid_request", "invalid_dpop_proof"], "RFC 9449 §10")
        _ = try await client.redeem(answer)
    }

    /// A provider with nonces rejects a proof without one, and with one it did not issue (RFC 9449 §8).
    static let nonceRotation = Module(
        "martlet-dpop-nonce", ["RFC9449-014", "RFC9449-015", "RFC9449-016", "RFC9449-020"]
    ) { trial in
        let client = try FAPIClient(trial)
        let grant = try await client.signIn()
        var call = try await client.call(grant.accessToken)
        let isIssued = client.nonce(for: call.address) != nil
        call.changesProof = { $0.claims["nonce"] = nil }
        let without = try await client.send(call)
        guard isIssued else {
            trial.check(ResourceConditions.accepts("a proof without nonce"), without)
            throw Skip(reason: "the provider issues no DPoP nonces")
        }
        trial.check([demandsNonce, hasOneNonce, ErrorModules.isUnauthorized], without)
        call.changesProof = { $0.claims["nonce"] = .string(.random()) }
        trial.check(hasOneNonce, try await client.send(call))
        try await client.useResource(grant)
        let answer = try await client.authorize(client.request())
        var direct = try client.redemption(answer)
        direct.changesProof = { $0.claims["nonce"] = nil }
        let refused = try await client.send(direct, to: "token_endpoint")
        trial.check(TokenErrorConditions.refusal(["use_dpop_nonce"], "RFC 9449 §8"), refused)
        trial.check(hasOneNonce, refused)
        _ = try await client.redeem(answer)
    }

    static let truth = Module("martlet-dpop-metadata-is-true", ["RFC9449-008"]) { trial in
        let listed = try await trial.metadata()["dpop_signing_alg_values_supported"]?.strings ?? []
        trial.check([hasPermitted, hasNoSymmetric], listed)
    }

    // Conditions

    static let challenges = Condition<WebAnswer>(
        "WWW-Authenticate has a DPoP challenge with algs", .failure, "RFC 9449 §7.1"
    ) { answer in
        let fields = answer.all("WWW-Authenticate")
        return .require(
            fields.contains { $0.contains(/(^|, *)DPoP .*algs="/) },
            "WWW-Authenticate is \(fields)")
    }

    static let saysDPoP = Condition<WebAnswer>(
        "the introspection response has the token_type DPoP", .failure, "RFC 9449 §6.2"
    ) { answer in
        .require(
            answer.json?["token_type"]?.string == "DPoP",
            "token_type is \(answer.json?["token_type"]?.text ?? "missing")")
    }

    /// Returns the condition that the introspection response has the confirmation `value`.
    static func confirms(_ value: String, _ name: String) -> Condition<WebAnswer> {
        Condition(
            "the introspection response confirms the key or certificate of the client", .failure, "RFC 9449 §6.2",
            "RFC 8705 §3.2"
        ) { answer in
            let found = answer.json?["cnf"]?[name]?.string
            return .require(found == value, "cnf has \(name) \(found ?? "missing") instead of \(value)")
        }
    }

    static let hasDPoPType = Condition<WebAnswer>(
        "a token for a request with a proof has the token_type DPoP", .failure, "RFC 9449 §5"
    ) { answer in
        .require(
            answer.status == 200 && answer.json?["token_type"]?.string?.lowercased() == "dpop",
            "the response is \(answer.status), token_type is \(answer.json?["token_type"]?.text ?? "missing")")
    }

    private static func refusesProof(_ what: String) -> Condition<WebAnswer> {
        Condition("the token endpoint refuses a proof \(what)", .failure, "RFC 9449 §5") { answer in
            .require(
                answer.status == 400
                    && ["invalid_dpop_proof", "use_dpop_nonce"].contains(answer.json?["error"]?.string ?? ""),
                "the response is \(answer.status): \(TokenConditions.said(answer))")
        }
    }

    static let demandsNonce = Condition<WebAnswer>(
        "a proof without nonce is refused once the provider has issued one", .failure, "RFC 9449 §9", "RFC 9449 §11.3"
    ) { answer in
        .require(DPoPNonces.isChallenge(answer), "the response is \(answer.status)")
    }

    static let hasOneNonce = Condition<WebAnswer>(
        "a demand for a nonce has exactly one DPoP-Nonce and is not cacheable", .failure, "RFC 9449 §8", "RFC 9449 §9"
    ) { answer in
        .require(
            answer.all("DPoP-Nonce").count == 1 && answer.header("Cache-Control")?.contains("no-store") == true,
            "DPoP-Nonce is \(answer.all("DPoP-Nonce")), Cache-Control is \(answer.header("Cache-Control") ?? "missing")"
        )
    }

    static let hasPermitted = Condition<[String]>(
        "dpop_signing_alg_values_supported has algorithms of FAPI 2.0", .failure, "RFC 9449 §5.1"
    ) { listed in
        .require(listed.contains(where: FAPIConditions.algorithms.contains), "found \(listed)")
    }

    static let hasNoSymmetric = Condition<[String]>(
        "dpop_signing_alg_values_supported has neither none nor symmetric algorithms", .failure, "RFC 9449 §5.1"
    ) { listed in
        .require(!listed.contains { $0 == "none" || $0.hasPrefix("HS") }, "found \(listed)")
    }
}
