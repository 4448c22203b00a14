/// DPoP in FAPI 2.0 (RFC 9449; FAPI 2.0 Security Profile §5.3.2.1).
enum FAPIDPoPModules {
    static let all = [
        otherTimes, tenSecondsBefore, tenSecondsAfter, mismatchAtPushing, otherKeyThanAtPushing, otherKeyThanNamed,
        boundAtPushing, boundByThumbprint, negatives,
    ]

    private static let codes = ["invalid_grant", "invalid_request", "invalid_dpop_proof"]

    /// A whole flow with changed proofs, which must be accepted everywhere.
    private static func accepted(
        _ name: String, _ change: @escaping @Sendable (inout DPoPProof) -> Void
    ) -> Module {
        Module.fapi(name) { _, client in
            let answer = try await client.authorize(client.request())
            var direct = try client.redemption(answer)
            direct.changesProof = change
            let grant = try await client.redeem(answer, direct)
            try await client.useResource(grant) { $0.changesProof = change }
        }
    }

    static let otherTimes = accepted("check-dpop-proof-nbf-exp") { proof in
        let now = proof.claims["iat"]?.number ?? 0
        proof.claims["nbf"] = .number(now)
        proof.claims["exp"] = .number(now + 60)
    }

    static let tenSecondsBefore = accepted("ensure-dpopproof-with-iat-10seconds-before-succeeds") { proof in
        proof.claims["iat"] = proof.claims["iat"]?.number.map { .number($0 - 10) }
    }

    static let tenSecondsAfter = accepted("ensure-dpopproof-with-iat-10seconds-after-succeeds") { proof in
        proof.claims["iat"] = proof.claims["iat"]?.number.map { .number($0 + 10) }
    }

    static let mismatchAtPushing = Module.fapi("ensure-mismatched-dpop-jkt-fails") { trial, client in
        var request = try client.request()
        request["dpop_jkt"] = SigningKey.newP256().publicJWK?.thumbprint
        var pushed = client.push(request)
        pushed.direct.proofKey = client.proofKey
        trial.check(
            TokenErrorConditions.refusal(["invalid_request", "invalid_dpop_proof"], "RFC 9449 §10.1"),
            try await client.send(pushed))
    }

    static let otherKeyThanAtPushing = Module.fapi("ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt") {
        _, client in
        let request = try client.request()
        var pushed = client.push(request)
        pushed.direct.proofKey = client.proofKey
        try await isRefusedWithOtherKey(client, client.authorize(request, pushed))
    }

    static let otherKeyThanNamed = Module.fapi("ensure-token-endpoint-fails-with-mismatched-dpop-jkt") { _, client in
        var request = try client.request()
        request["dpop_jkt"] = client.proofKey?.publicJWK?.thumbprint
        try await isRefusedWithOtherKey(client, client.authorize(request))
    }

    private static func isRefusedWithOtherKey(_ client: FAPIClient, _ answer: AuthorizationAnswer) async throws {
        var direct = try client.redemption(answer)
        direct.proofKey = .newP256()
        try await client.isRefused(direct, codes, "RFC 9449 §10")
    }

    static let boundAtPushing = Module.fapi("ensure-dpopproof-at-par-endpoint-binding-success") { _, client in
        let grant = try await client.signIn { $0.direct.proofKey = client.proofKey }
        try await client.useResource(grant)
    }

    static let boundByThumbprint = Module.fapi("ensure-dpop-auth-code-binding-success") { _, client in
        var request = try client.request()
        request["dpop_jkt"] = client.proofKey?.publicJWK?.thumbprint
        try await client.useResource(client.signIn(request))
    }

    /// Calls the resource with altered proofs, and with unusual ones that are valid.
    static let negatives = Module.fapi("dpop-negative-tests") { trial, client in
        let grant = try await client.signIn()
        let call = try await client.call(grant.accessToken)
        try await client.useResource(grant)
        for altered in AlteredProofs.invalid + AlteredProofs.invalidForToken {
            var changed = call
            changed.changesProof = altered.change
            trial.check(
                ResourceConditions.refuses("a proof \(altered.what)", altered.level), try await client.send(changed))
        }
        for (what, changed) in try AlteredProofs.otherwiseInvalid(call) {
            trial.check(ResourceConditions.refuses(what), try await client.send(changed))
        }
        for altered in AlteredProofs.valid {
            var changed = call
            changed.changesProof = altered.change
            trial.check(
                ResourceConditions.accepts("a proof \(altered.what)", altered.level), try await client.send(changed))
        }
        var upper = call
        upper.proofName = "DPOP"
        trial.check(ResourceConditions.accepts("the field name in upper case", .warning), try await client.send(upper))
        // The same proof again.
        guard let key = call.proofKey else { return }
        var once = call
        once.proofs = [try DPoPProof("GET", call.address, by: key, token: call.token).signed()]
        _ = try await client.send(once)
        trial.check(
            ResourceConditions.refuses("a replayed proof", .warning, "RFC 9449 §11.1"), try await client.send(once))
        // After all of it the token is still good.
        try await client.useResource(grant)
    }
}
