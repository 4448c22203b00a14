/// A response whose body is a JWT.
struct SignedAnswerEvidence: Sendable {
    let answer: WebAnswer
    let issuer: String
    /// The client or resource server that the response is for.
    let audience: String
    let keys: [JWK]

    var token: JWS? { try? JWS(answer.text) }
    /// What an introspection response says about the token.
    var introspection: [String: JSON]? { token?.claims["token_introspection"]?.object }
}

/// Conditions on signed responses of userinfo (OpenID Connect Core §5.3.2) and introspection (RFC 9701 §5).
enum SignedAnswerConditions {
    typealias On = Condition<SignedAnswerEvidence>

    static let accept = Parameter("Accept", "application/token-introspection+jwt")

    static let userInfo = [isType("application/jwt"), isForAudience, hasIssuer, hasValidSignature]
    static let introspection = [
        isType("application/token-introspection+jwt"), isForAudience, hasIssuer, hasValidSignature,
        hasIntrospectionType,
        hasIssueTime, cannotBeAccessToken,
    ]

    private static func isType(_ type: String) -> On {
        On("the response is 200 with \(type)", .failure, "OpenID Connect Core §5.3.2", "RFC 9701 §5") { evidence in
            .require(
                evidence.answer.status == 200 && evidence.answer.mediaType == type && evidence.token != nil,
                "it is \(evidence.answer.status) \(evidence.answer.mediaType)")
        }
    }

    static let hasIssuer = On("iss is the issuer", .failure, "OpenID Connect Core §5.3.2", "RFC 9701 §5") { evidence in
        let issuer = evidence.token?.claims["iss"]?.string
        return .require(issuer == evidence.issuer, "iss is \(issuer ?? "missing")")
    }

    static let isForAudience = On(
        "aud is the client or resource server", .failure, "OpenID Connect Core §5.3.2", "RFC 9701 §5"
    ) { evidence in
        let audience = evidence.token?.audience ?? []
        return .require(audience.contains(evidence.audience), "aud is \(audience)")
    }

    static let hasValidSignature = On(
        "the signature verifies with a published key", .failure, "OpenID Connect Core §5.3.2", "RFC 9701 §5"
    ) { evidence in
        guard let token = evidence.token else { return .broken("the response is not a JWT") }
        do throws(InvalidSignature) {
            try token.verify(with: evidence.keys)
            return .holds
        } catch {
            return .broken(error.reason)
        }
    }

    static func isAbout(_ subject: String) -> On {
        On("sub equals sub of the ID Token", .failure, "OpenID Connect Core §5.3.2") { evidence in
            let found = evidence.token?.claims["sub"]?.string
            return .require(found == subject, "sub is \(found ?? "missing")")
        }
    }

    static let hasIntrospectionType = On(
        "typ is token-introspection+jwt", .failure, "RFC 9701 §5", "RFC 9701 §8.1"
    ) { evidence in
        let type = evidence.token?.header["typ"]?.string
        return .require(type == "token-introspection+jwt", "typ is \(type ?? "missing")")
    }

    static let hasIssueTime = On("iat is present", .failure, "RFC 9701 §5") { evidence in
        .require(evidence.token?.claims["iat"]?.number != nil, "it is missing")
    }

    static let cannotBeAccessToken = On(
        "sub and exp are not at the top level, where they would look like those of an access token", .warning,
        "RFC 9701 §5"
    ) { evidence in
        let found = ["sub", "exp"].filter { evidence.token?.claims[$0] != nil }
        return .require(found.isEmpty, "found \(found)")
    }

    static let saysActive = On("token_introspection says active", .failure, "RFC 9701 §5") { evidence in
        .require(
            evidence.introspection?["active"]?.bool == true, "it is \(evidence.introspection?.keys.sorted() ?? [])")
    }

    static let saysOnlyInactive = On(
        "token_introspection has only active: false for any other token", .failure, "RFC 9701 §5"
    ) { evidence in
        .require(
            evidence.introspection == ["active": false], "it has \(evidence.introspection?.keys.sorted() ?? [])")
    }
}
