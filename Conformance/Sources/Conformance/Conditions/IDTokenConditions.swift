/// Conditions on every ID Token (OpenID Connect Core §2, §3.1.3.7).
package enum IDTokenConditions {
    package typealias On = Condition<IDTokenEvidence>

    package static let shared = [
        hasIssuer, hasAudience, hasExpiry, hasIssueTime, hasPlausibleAuthenticationTime, hasContext, hasNonce,
        hasSubject, hasTypedClaims, hasKeyIdentifier, hasValidSignature, hasAccessTokenHash, hasCodeHash,
        hasOnlyRequestedClaims,
    ]

    static let hasIssuer = On("iss is the issuer", .failure, "OpenID Connect Core §3.1.3.7") { evidence in
        .require(evidence.text("iss") == evidence.issuer, "iss is \(evidence.text("iss") ?? "missing")")
    }

    static let hasAudience = On("aud is or contains the client_id", .failure, "OpenID Connect Core §3.1.3.7") {
        evidence in
        let client = evidence.registration.clientID
        return .require(evidence.token.audience.contains(client), "aud is \(evidence.token.audience)")
    }

    static let hasExpiry = On("exp is in the future, within fifty years", .failure, "OpenID Connect Core §2") {
        evidence in
        guard let expiry = evidence.number("exp") else { return .broken("exp is missing or not a number") }
        let left = expiry - evidence.now
        return .require(left > -300 && left < 50 * 366 * 86_400, "exp is \(Int(left)) s from now")
    }

    static let hasIssueTime = On("iat is within five minutes of now", .failure, "OpenID Connect Core §2") { evidence in
        guard let issued = evidence.number("iat") else { return .broken("iat is missing or not a number") }
        return .require(abs(issued - evidence.now) <= 300, "iat is \(Int(evidence.now - issued)) s ago")
    }

    static let hasPlausibleAuthenticationTime = On(
        "auth_time, if present, is within the last year", .failure, "OpenID Connect Core §2"
    ) { evidence in
        guard let value = evidence.token.claims["auth_time"] else { return .notRun("auth_time is missing") }
        guard let moment = value.number else { return .broken("auth_time is \(value.text)") }
        let age = evidence.now - moment
        return .require(age > -300 && age < 366 * 86_400, "auth_time is \(Int(age)) s ago")
    }

    static let hasContext = On("acr, if present, is a string", .failure, "OpenID Connect Core §2") { evidence in
        guard let value = evidence.token.claims["acr"] else { return .notRun("acr is missing") }
        return .require(value.string?.isEmpty == false, "acr is \(value.text)")
    }

    static let hasNonce = On(
        "nonce equals the one in the request, and is absent if none was sent", .failure, "OpenID Connect Core §3.1.3.7"
    ) { evidence in
        .require(
            evidence.text("nonce") == evidence.request["nonce"],
            "nonce is \(evidence.text("nonce") ?? "missing") instead of \(evidence.request["nonce"] ?? "missing")")
    }

    static let hasSubject = On(
        "sub has 1 to 255 ASCII characters", .failure, "OpenID Connect Core §2"
    ) { evidence in
        guard let subject = evidence.text("sub"), !subject.isEmpty else { return .broken("sub is missing") }
        return .require(subject.utf8.count <= 255 && subject.allSatisfy(\.isASCII), "sub is \(subject)")
    }

    static let hasTypedClaims = On(
        "standard claims have the right types", .failure, "OpenID Connect Core §5.1"
    ) { evidence in
        let mistyped = ClaimTypes.mistyped(evidence.token.claims)
        return .require(mistyped.isEmpty, "wrong types: \(mistyped)")
    }

    static let hasKeyIdentifier = On(
        "the header has a kid if several keys are published", .failure, "OpenID Connect Core §10.1"
    ) { evidence in
        .require(
            evidence.token.keyIdentifier != nil || evidence.keys.count < 2 || isSymmetric(evidence),
            "kid is missing, and \(evidence.keys.count) keys are published")
    }

    static let hasValidSignature = On(
        "the signature verifies with a published key", .failure, "OpenID Connect Core §3.1.3.7", "RFC 7515 §5.2"
    ) { evidence in
        do throws(InvalidSignature) {
            try evidence.token.verify(with: evidence.keys, secret: evidence.registration.clientSecret)
            return .holds
        } catch {
            return .broken(error.reason)
        }
    }

    static let hasAccessTokenHash = On(
        "at_hash, if present, matches the access token", .failure, "OpenID Connect Core §3.1.3.6"
    ) { evidence in
        hash("at_hash", of: evidence.accessToken, evidence)
    }

    static let hasCodeHash = On(
        "c_hash, if present, matches the code", .failure, "OpenID Connect Core §3.3.2.11"
    ) { evidence in
        hash("c_hash", of: evidence.code, evidence)
    }

    /// When an access token is issued, the userinfo endpoint returns the claims of the scopes (OpenID Connect Core
    /// §5.4).
    static let hasOnlyRequestedClaims = On(
        "only requested claims about the user are included", .warning, "OpenID Connect Core §5.4"
    ) { evidence in
        let asked = evidence.request["claims"].flatMap { JSON(parsing: $0.utf8) }?["id_token"]?.object?.keys
        let names = Set(ClaimTypes.personal).intersection(evidence.token.claims.keys).subtracting(
            asked.map(Set.init) ?? [])
        return .require(names.isEmpty, "it contains \(names.sorted())")
    }

    private static func hash(_ name: String, of text: String?, _ evidence: IDTokenEvidence) -> Verdict {
        guard let value = evidence.token.claims[name] else { return .notRun("\(name) is missing") }
        guard let text, let algorithm = evidence.token.algorithm else { return .broken("there is nothing to hash") }
        guard let expected = HalfHash.of(text, for: algorithm) else { return .notRun("unknown alg \(algorithm)") }
        return .require(value.string == expected, "\(name) is \(value.text) instead of \(expected)")
    }

    private static func isSymmetric(_ evidence: IDTokenEvidence) -> Bool {
        evidence.token.algorithm?.hasPrefix("HS") == true
    }
}
