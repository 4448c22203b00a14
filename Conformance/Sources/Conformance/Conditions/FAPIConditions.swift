/// Conditions of FAPI 2.0 beyond those of every provider.
enum FAPIConditions {
    /// EdDSA with Ed25519 has two names (RFC 9864 §2.2).
    static let algorithms = ["PS256", "ES256", "EdDSA", "Ed25519"]

    static let namesIssuer = Condition<AuthorizationAnswer>(
        "the response has iss", .failure, "FAPI 2.0 Security Profile §5.3.2.2", "RFC 9207 §2"
    ) { answer in
        .require(answer["iss"] != nil, "iss is missing")
    }

    static let hasPermittedAlgorithm = Condition<ResponseJWTEvidence>(
        "the response is signed with an algorithm of FAPI 2.0", .failure, "FAPI 2.0 Security Profile §5.4.1"
    ) { evidence in
        permitted(evidence.token)
    }

    static let idToken = [
        Condition<IDTokenEvidence>(
            "the ID Token is signed with an algorithm of FAPI 2.0", .failure, "FAPI 2.0 Security Profile §5.4.1"
        ) { evidence in
            permitted(evidence.token)
        },
        Condition<IDTokenEvidence>(
            "the ID Token has a kid", .failure, "FAPI 2.0 Security Profile §5.4.1", "OpenID Connect Core §10.1"
        ) { evidence in
            .require(evidence.token.keyIdentifier != nil, "kid is missing")
        },
    ]

    private static func permitted(_ token: JWS) -> Verdict {
        .require(algorithms.contains(token.algorithm ?? ""), "alg is \(token.algorithm ?? "missing")")
    }

    /// The response has no other parameters than a FAPI client expects.
    static let hasOnlyCodeStateAndIssuer = Condition<AuthorizationAnswer>(
        "the response has only code, state and iss", .warning, "FAPI 2.0 Security Profile §5.3.2.2"
    ) { answer in
        let more = answer.parameters.names.subtracting(["code", "state", "iss"])
        return .require(more.isEmpty, "it also has \(more.sorted())")
    }

    static let hasNoState = Condition<AuthorizationAnswer>(
        "a response to a request without state has none", .failure, "RFC 6749 §4.1.2"
    ) { answer in
        .require(answer["state"] == nil, "state is \(answer["state"] ?? "")")
    }

    static let hasNoStateHash = Condition<JWS>(
        "the ID Token has no s_hash", .failure, "FAPI 1.0 Advanced §5.1"
    ) { token in
        .require(token.claims["s_hash"] == nil, "s_hash is present")
    }
}

/// Conditions on responses of a protected resource (FAPI 2.0 Security Profile §5.3.4).
enum ResourceConditions {
    typealias On = Condition<WebAnswer>

    static let shared = [succeeds, hasDate]

    static let succeeds = On(
        "the resource accepts the token", .failure, "FAPI 2.0 Security Profile §5.3.4"
    ) { answer in
        .require(
            [200, 201].contains(answer.status),
            "it responds with \(answer.status), WWW-Authenticate: \(answer.header("WWW-Authenticate") ?? "none")")
    }

    static let hasDate = On("the response has a Date", .failure, "RFC 9110 §6.6.1") { answer in
        .require(answer.header("Date") != nil, "Date is missing")
    }

    /// Returns the condition that a call with `what` is refused.
    static func refuses(
        _ what: String, _ level: Level = .failure, _ section: String = "RFC 9449 §4.3"
    ) -> On {
        On("the resource refuses \(what)", level, section) { answer in
            .require([400, 401].contains(answer.status), "it responds with \(answer.status)")
        }
    }

    /// Returns the condition that a call with `what` is accepted.
    static func accepts(_ what: String, _ level: Level = .failure, _ section: String = "RFC 9449 §4.3") -> On {
        On("the resource accepts \(what)", level, section) { answer in
            .require([200, 201].contains(answer.status), "it responds with \(answer.status)")
        }
    }

    static let refusesQuery = On(
        "a token in the query is refused", .failure, "FAPI 2.0 Security Profile §5.3.4", "RFC 9700 §4.3.2"
    ) { answer in
        .require((400..<500).contains(answer.status), "the resource responds with \(answer.status)")
    }

    static let refusesOtherKey = On(
        "a token with the key or certificate of another client is refused", .failure,
        "FAPI 2.0 Security Profile §5.3.4", "RFC 9449 §7.1", "RFC 8705 §3"
    ) { answer in
        .require((400..<500).contains(answer.status), "the resource responds with \(answer.status)")
    }
}
