/// A JWT-secured authorization response (JARM) and the context it is checked against.
struct ResponseJWTEvidence: Sendable {
    let token: JWS
    let answer: AuthorizationAnswer
    let issuer: String
    let keys: [JWK]
    /// The tester's clock, in seconds since 1970.
    let now: Double
}

/// Conditions on JWT-secured authorization responses (JARM §2.1, §2.3).
enum ResponseJWTConditions {
    typealias On = Condition<ResponseJWTEvidence>

    static let shared = [
        isAlone, hasIssuer, hasAudience, hasExpiry, hasShortLifetime, hasKeyIdentifier, hasValidSignature,
    ]

    static let isJWT = Condition<AuthorizationAnswer>(
        "the response is a signed JWT in the parameter response", .failure, "JARM §2.3"
    ) { answer in
        guard let text = answer.sent["response"] else { return .broken("it has only \(answer.sent.names.sorted())") }
        do throws(MalformedJWT) {
            _ = try JWS(text)
            return .holds
        } catch {
            return .broken(error.reason)
        }
    }

    static let isAlone = On("nothing is sent beside the JWT", .failure, "JARM §2.3", "FAPI 2.0 Message Signing §5.4.1")
    {
        evidence in
        .require(evidence.answer.sent.names == ["response"], "it has \(evidence.answer.sent.names.sorted())")
    }

    static let hasIssuer = On("iss of the JWT is the issuer", .failure, "JARM §2.1") { evidence in
        let issuer = evidence.token.claims["iss"]?.string
        return .require(issuer == evidence.issuer, "iss is \(issuer ?? "missing")")
    }

    static let hasAudience = On("aud of the JWT is the client_id", .failure, "JARM §2.1") { evidence in
        let client = evidence.answer.request.registration.clientID
        return .require(evidence.token.audience == [client], "aud is \(evidence.token.audience)")
    }

    static let hasExpiry = On("the JWT has not expired", .failure, "JARM §2.1") { evidence in
        guard let expiry = evidence.token.claims["exp"]?.number else { return .broken("exp is missing") }
        return .require(expiry > evidence.now, "exp is \(Int(evidence.now - expiry)) s ago")
    }

    static let hasShortLifetime = On(
        "the JWT expires in ten seconds at the earliest and ten minutes at the latest", .warning, "JARM §2.1"
    ) { evidence in
        guard let expiry = evidence.token.claims["exp"]?.number else { return .notRun("exp is missing") }
        let left = expiry - evidence.now
        return .require(left >= 10 && left <= 600, "it expires in \(Int(left)) s")
    }

    static let hasKeyIdentifier = On("the JWT has a kid", .failure, "FAPI 2.0 Security Profile §5.4.1") { evidence in
        .require(evidence.token.keyIdentifier != nil, "kid is missing")
    }

    static let hasValidSignature = On(
        "the signature of the JWT verifies with a published key", .failure, "JARM §2.4"
    ) { evidence in
        do throws(InvalidSignature) {
            try evidence.token.verify(with: evidence.keys)
            return .holds
        } catch {
            return .broken(error.reason)
        }
    }
}
