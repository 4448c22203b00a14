/// What must hold of every ID Token (OpenID Connect Core §2, §3.1.3.7).
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

    static let hasAudience = On("aud is or holds the client", .failure, "OpenID Connect Core §3.1.3.7") { evidence in
        let client = evidence.registration.clientID
        return .require(evidence.token.audience.contains(client), "aud is \(evidence.token.audience)")
    }

    static let hasExpiry = On("exp is to come, within fifty years", .failure, "OpenID Connect Core §2") { evidence in
        guard let expiry = evidence.number("exp") else { return .broken("exp is missing or no number") }
        let left = expiry - evidence.now
        return .require(left > -300 && left < 50 * 366 * 86_400, "exp is \(Int(left)) s from now")
    }

    static let hasIssueTime = On("iat is now, within five minutes", .failure, "OpenID Connect Core §2") { evidence in
        guard let issued = evidence.number("iat") else { return .broken("iat is missing or no number") }
        return .require(abs(issued - evidence.now) <= 300, "iat is \(Int(evidence.now - issued)) s ago")
    }

    static let hasPlausibleAuthenticationTime = On(
        "auth_time, when it is there, is in the last year", .failure, "OpenID Connect Core §2"
    ) { evidence in
        guard let value = evidence.token.claims["auth_time"] else { return .notRun("there is none") }
        guard let moment = value.number else { return .broken("it is \(value.text)") }
        let age = evidence.now - moment
        return .require(age > -300 && age < 366 * 86_400, "it is \(Int(age)) s ago")
    }

    static let hasContext = On("acr, when it is there, is a text", .failure, "OpenID Connect Core §2") { evidence in
        guard let value = evidence.token.claims["acr"] else { return .notRun("there is none") }
        return .require(value.string?.isEmpty == false, "it is \(value.text)")
    }

    static let hasNonce = On(
        "nonce is that of the request, and is there only when it was sent", .failure, "OpenID Connect Core §3.1.3.7"
    ) { evidence in
        .require(
            evidence.text("nonce") == evidence.request["nonce"],
            "nonce is \(evidence.text("nonce") ?? "missing") instead of \(evidence.request["nonce"] ?? "missing")")
    }

    static let hasSubject = On(
        "sub is there, of at most 255 ASCII characters", .failure, "OpenID Connect Core §2"
    ) { evidence in
        guard let subject = evidence.text("sub"), !subject.isEmpty else { return .broken("it is missing") }
        return .require(subject.utf8.count <= 255 && subject.allSatisfy(\.isASCII), "it is \(subject)")
    }

    static let hasTypedClaims = On(
        "standard claims have their types", .failure, "OpenID Connect Core §5.1"
    ) { evidence in
        let mistyped = ClaimTypes.mistyped(evidence.token.claims)
        return .require(mistyped.isEmpty, "of another type: \(mistyped)")
    }

    static let hasKeyIdentifier = On(
        "the header has a kid when several keys are published", .failure, "OpenID Connect Core §10.1"
    ) { evidence in
        .require(
            evidence.token.keyIdentifier != nil || evidence.keys.count < 2 || isSymmetric(evidence),
            "there is none, and \(evidence.keys.count) keys are published")
    }

    static let hasValidSignature = On(
        "the signature is that of the published key", .failure, "OpenID Connect Core §3.1.3.7", "RFC 7515 §5.2"
    ) { evidence in
        do throws(InvalidSignature) {
            try evidence.token.verify(with: evidence.keys, secret: evidence.registration.clientSecret)
            return .holds
        } catch {
            return .broken(error.reason)
        }
    }

    static let hasAccessTokenHash = On(
        "at_hash, when it is there, is that of the access token", .failure, "OpenID Connect Core §3.1.3.6"
    ) { evidence in
        hash("at_hash", of: evidence.accessToken, evidence)
    }

    static let hasCodeHash = On(
        "c_hash, when it is there, is that of the code", .failure, "OpenID Connect Core §3.3.2.11"
    ) { evidence in
        hash("c_hash", of: evidence.code, evidence)
    }

    /// With an access token, what a scope releases is for the userinfo endpoint (§5.4).
    static let hasOnlyRequestedClaims = On(
        "no claims about the person that nobody asked for here", .warning, "OpenID Connect Core §5.4"
    ) { evidence in
        let asked = evidence.request["claims"].flatMap { JSON(parsing: $0.utf8) }?["id_token"]?.object?.keys
        let names = Set(ClaimTypes.personal).intersection(evidence.token.claims.keys).subtracting(
            asked.map(Set.init) ?? [])
        return .require(names.isEmpty, "it carries \(names.sorted())")
    }

    private static func hash(_ name: String, of text: String?, _ evidence: IDTokenEvidence) -> Verdict {
        guard let value = evidence.token.claims[name] else { return .notRun("there is none") }
        guard let text, let algorithm = evidence.token.algorithm else { return .broken("of what?") }
        guard let expected = HalfHash.of(text, for: algorithm) else { return .notRun("alg \(algorithm) is not known") }
        return .require(value.string == expected, "it is \(value.text) instead of \(expected)")
    }

    private static func isSymmetric(_ evidence: IDTokenEvidence) -> Bool {
        evidence.token.algorithm?.hasPrefix("HS") == true
    }
}
