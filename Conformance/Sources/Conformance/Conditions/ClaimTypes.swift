/// The standard claims and their types (OpenID Connect Core §5.1).
package enum ClaimTypes {
    static let byScope: [String: [String]] = [
        "profile": [
            "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
            "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
        ],
        "email": ["email", "email_verified"],
        "address": ["address"],
        "phone": ["phone_number", "phone_number_verified"],
    ]

    static let personal = byScope.values.flatMap(\.self)

    /// Returns the claims that don't have their standard type, with their values.
    package static func mistyped(_ claims: [String: JSON]) -> [String] {
        personal.sorted().compactMap { name in
            guard let value = claims[name] else { return nil }
            let isTyped =
                switch name {
                case "email_verified", "phone_number_verified": value.bool != nil
                case "updated_at": value.number != nil
                case "address": value.object?.values.allSatisfy { $0.string != nil } == true
                default: value.string?.isEmpty == false
                }
            return isTyped ? nil : "\(name) (\(value.text))"
        }
    }
}

/// Conditions on every response of the userinfo endpoint.
package enum UserInfoConditions {
    package typealias On = Condition<UserInfoEvidence>

    package static let shared = [succeeds, isJSON, hasSubject, hasTypedClaims, hasNoNulls, hasConsistentSources]

    static let succeeds = On("the userinfo endpoint responds with 200", .failure, "OpenID Connect Core §5.3.2") {
        evidence in
        .require(evidence.answer.status == 200, "it responds with \(evidence.answer.status)")
    }

    static let isJSON = On("the media type is application/json", .failure, "OpenID Connect Core §5.3.2") { evidence in
        .require(
            evidence.answer.mediaType == "application/json" && evidence.answer.json?.object != nil,
            "it is \(evidence.answer.mediaType)")
    }

    static let hasSubject = On(
        "sub equals sub of the ID Token", .failure, "OpenID Connect Core §5.3.2"
    ) { evidence in
        let subject = evidence.claims["sub"]?.string
        return .require(
            subject != nil && subject == evidence.idToken.claims["sub"]?.string, "sub is \(subject ?? "missing")")
    }

    static let hasTypedClaims = On("standard claims have the right types", .failure, "OpenID Connect Core §5.1") {
        evidence in
        let mistyped = ClaimTypes.mistyped(evidence.claims)
        return .require(mistyped.isEmpty, "wrong types: \(mistyped)")
    }

    static let hasNoNulls = On("claims without a value are omitted", .warning, "OpenID Connect Core §5.3.2") {
        evidence in
        let empty = evidence.claims.filter { $0.value == .null || $0.value == .string("") }.keys
        return .require(empty.isEmpty, "empty: \(empty.sorted())")
    }

    static let hasConsistentSources = On(
        "_claim_names refers to existing _claim_sources", .failure, "OpenID Connect Core §5.6.2"
    ) { evidence in
        guard let names = evidence.claims["_claim_names"] else { return .notRun("no _claim_names") }
        let sources = evidence.claims["_claim_sources"]?.object ?? [:]
        guard let references = names.object?.values else { return .broken("_claim_names is not an object") }
        return .require(
            references.allSatisfy { $0.string.map { sources[$0] != nil } ?? false }, "a name refers to a missing source"
        )
    }

    /// The claims of the requested scopes are present (OpenID Connect Core §5.4).
    static func hasClaims(of scopes: [String]) -> [On] {
        scopes.map { scope in
            On("the claims of the scope \(scope) are present", .warning, "OpenID Connect Core §5.4") { evidence in
                let expected = ClaimTypes.byScope[scope] ?? []
                let missing = expected.filter { evidence.claims[$0] == nil }
                // Few users have every claim of `profile`, so one is enough.
                let suffices = scope == "profile" ? missing.count < expected.count : missing.isEmpty
                return .require(suffices, "missing: \(missing)")
            }
        }
    }
}
