/// A discovery document and the issuer it was requested from.
package struct MetadataEvidence: Sendable {
    package let metadata: ProviderMetadata
    package let issuer: String

    package init(metadata: ProviderMetadata, issuer: String) {
        self.metadata = metadata
        self.issuer = issuer
    }

    package subscript(name: String) -> JSON? { metadata[name] }
    package func list(_ name: String) -> [String]? { self[name]?.strings }
}

/// Conditions on the discovery document (OpenID Connect Discovery §3, RFC 8414 §2).
package enum MetadataConditions {
    package typealias On = Condition<MetadataEvidence>

    package static let shared =
        [
            isJSON, namesIssuer, issuerIsPlain, issuerIsSecure, endpointsAreSecure, hasUserInfo, hasResponseTypes,
            hasSubjectTypes, signsWithRS256, authenticatesWithoutNone, hasGrantTypes, hasScopes, scopesAreLegal,
            hasClaims, localesAreLegal, localesAreCanonical, objectsAreSignedWithRS256, challengeMethodsAreAList,
            listsAreNotEmpty, hasTypedMembers,
            hasOnlyRegisteredMembers,
        ] + ["request_parameter_supported", "request_uri_parameter_supported", "claims_parameter_supported"].map(says)

    static let isJSON = On(
        "the response is 200 with application/json", .failure, "OpenID Connect Discovery §4.2"
    ) { evidence in
        let answer = evidence.metadata.answer
        return .require(
            answer.status == 200 && answer.mediaType == "application/json", "\(answer.status) \(answer.mediaType)")
    }

    static let namesIssuer = On(
        "issuer equals the issuer that the document was requested from", .failure, "OpenID Connect Discovery §4.3"
    ) { evidence in
        .require(evidence["issuer"]?.string == evidence.issuer, "issuer is \(evidence["issuer"]?.text ?? "missing")")
    }

    static let issuerIsPlain = On(
        "issuer has no query or fragment", .failure, "OpenID Connect Discovery §3"
    ) { evidence in
        let issuer = evidence["issuer"]?.string ?? ""
        return .require(!issuer.contains("?") && !issuer.contains("#"), "issuer is \(issuer)")
    }

    static let issuerIsSecure = On("issuer is an https URL", .failure, "OpenID Connect Discovery §3") { evidence in
        secure(["issuer"], evidence)
    }

    static let endpointsAreSecure = On(
        "every endpoint is an https URL", .failure, "OpenID Connect Discovery §3"
    ) { evidence in
        let optional = ["userinfo_endpoint", "registration_endpoint", "end_session_endpoint"]
        let missing = ["authorization_endpoint", "token_endpoint", "jwks_uri"].filter { evidence[$0]?.string == nil }
        guard missing.isEmpty else { return .broken("missing: \(missing)") }
        return secure(
            ["authorization_endpoint", "token_endpoint", "jwks_uri"] + optional.filter { evidence[$0] != nil }, evidence
        )
    }

    static let hasUserInfo = On("userinfo_endpoint is present", .warning, "OpenID Connect Discovery §3") { evidence in
        .require(evidence["userinfo_endpoint"]?.string != nil, "it is missing or not a string")
    }

    static let hasResponseTypes = On(
        "response_types_supported contains an OpenID Connect response type", .failure, "OpenID Connect Discovery §3"
    ) { evidence in
        let types = evidence.list("response_types_supported") ?? []
        let known = ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"]
        return .require(types.contains(where: known.contains), "found \(types)")
    }

    static let hasSubjectTypes = On(
        "subject_types_supported contains only public and pairwise", .failure, "OpenID Connect Discovery §3"
    ) { evidence in
        let types = evidence.list("subject_types_supported") ?? []
        return .require(
            !types.isEmpty && types.allSatisfy(["public", "pairwise"].contains), "found \(types)")
    }

    static let signsWithRS256 = On(
        "id_token_signing_alg_values_supported contains RS256", .failure, "OpenID Connect Discovery §3"
    ) { evidence in
        let algorithms = evidence.list("id_token_signing_alg_values_supported") ?? []
        return .require(algorithms.contains("RS256"), "found \(algorithms)")
    }

    static let authenticatesWithoutNone = On(
        "signing algorithms for client authentication are listed and exclude none", .failure, "RFC 8414 §2",
        "OpenID Connect Discovery §3"
    ) { evidence in
        let names = ["token", "introspection", "revocation"].map { "\($0)_endpoint_auth_signing_alg_values_supported" }
        let having = names.filter { evidence.list($0)?.contains("none") == true }
        let methods = evidence.list("token_endpoint_auth_methods_supported") ?? []
        let needs = methods.contains { $0.hasSuffix("_jwt") } && evidence[names[0]] == nil
        return .require(having.isEmpty && !needs, needs ? "\(names[0]) is missing" : "\(having) contain none")
    }

    static let hasGrantTypes = On(
        "grant_types_supported, if present, is a non-empty list", .failure,
        "OpenID Connect Discovery §3"
    ) { evidence in
        guard let value = evidence["grant_types_supported"] else { return .notRun("it is omitted") }
        return .require(value.strings?.isEmpty == false, "it is \(value.text)")
    }

    static let hasScopes = On("scopes_supported is present", .warning, "OpenID Connect Discovery §3") { evidence in
        .require(evidence["scopes_supported"] != nil, "it is missing")
    }

    static let scopesAreLegal = On(
        "scopes_supported contains openid and only valid scope values", .failure, "OpenID Connect Discovery §3",
        "RFC 6749 §3.3"
    ) { evidence in
        guard let scopes = evidence.list("scopes_supported") else { return .notRun("it is omitted") }
        return .require(
            scopes.contains("openid") && scopes.allSatisfy(Characters.areScopeToken), "found \(scopes)")
    }

    static let hasClaims = On(
        "claims_supported is present and lists more than sub", .warning, "OpenID Connect Discovery §3"
    ) { evidence in
        .require((evidence.list("claims_supported") ?? []).count > 1, "it is missing or lists fewer than two claims")
    }

    static let localesAreLegal = On(
        "locales are valid language tags", .failure, "OpenID Connect Discovery §3", "RFC 5646 §2.1"
    ) { evidence in
        let tags = ["ui_locales_supported", "claims_locales_supported"].flatMap { evidence.list($0) ?? [] }
        guard !tags.isEmpty else { return .notRun("no locales are listed") }
        let odd = tags.filter { $0.wholeMatch(of: /[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*/) == nil }
        return .require(odd.isEmpty, "invalid: \(odd)")
    }

    /// RFC 5646 §2.1.1: case is not significant, but has a recommended form.
    static let localesAreCanonical = On(
        "languages are lowercase and regions are uppercase", .warning, "RFC 5646 §2.1.1"
    ) { evidence in
        let tags = ["ui_locales_supported", "claims_locales_supported"].flatMap { evidence.list($0) ?? [] }
        guard !tags.isEmpty else { return .notRun("no locales are listed") }
        let odd = tags.filter { tag in
            let parts = tag.split(separator: "-")
            return parts.first.map { $0 != $0.lowercased() } ?? false
                || parts.dropFirst().contains { $0.count == 2 && $0 != $0.uppercased() }
        }
        return .require(odd.isEmpty, "not in the recommended form: \(odd)")
    }

    static let objectsAreSignedWithRS256 = On(
        "request_object_signing_alg_values_supported, if present, contains RS256", .warning,
        "OpenID Connect Discovery §3"
    ) { evidence in
        guard let algorithms = evidence.list("request_object_signing_alg_values_supported") else {
            return .notRun("it is omitted")
        }
        return .require(algorithms.contains("RS256"), "found \(algorithms)")
    }

    static let challengeMethodsAreAList = On(
        "code_challenge_methods_supported, if present, is a list of strings", .failure, "RFC 8414 §2"
    ) { evidence in
        guard let value = evidence["code_challenge_methods_supported"] else { return .notRun("it is omitted") }
        return .require(value.strings != nil, "it is \(value.text)")
    }

    static let listsAreNotEmpty = On("no list is empty", .failure, "OpenID Connect Discovery §4.2") { evidence in
        let empty = evidence.metadata.members.filter { $0.value.array?.isEmpty == true }.keys.sorted()
        return .require(empty.isEmpty, "empty: \(empty)")
    }

    static let hasTypedMembers = On(
        "members have their registered types", .failure, "RFC 8414 §2", "OpenID Connect Discovery §3"
    ) { evidence in
        let mistyped = evidence.metadata.members.filter { RegisteredMetadata.isMistyped($0.key, $0.value) }.keys
        return .require(mistyped.isEmpty, "wrong types: \(mistyped.sorted())")
    }

    static let hasOnlyRegisteredMembers = On(
        "every member is registered", .warning, "RFC 8414 §7.1"
    ) { evidence in
        let unknown = evidence.metadata.members.keys.filter { !RegisteredMetadata.names.contains($0) }
        return .require(unknown.isEmpty, "unknown: \(unknown.sorted())")
    }

    static let hasEndSession = On(
        "end_session_endpoint is an https URL", .failure, "OpenID Connect RP-Initiated Logout §2.1"
    ) { evidence in
        guard evidence["end_session_endpoint"]?.string != nil else { return .broken("it is missing") }
        return secure(["end_session_endpoint"], evidence)
    }

    static let hasSessionFrame = On(
        "check_session_iframe is an https URL", .failure, "OpenID Connect Session Management §3.3"
    ) { evidence in
        guard evidence["check_session_iframe"]?.string != nil else { return .broken("it is missing") }
        return secure(["check_session_iframe"], evidence)
    }

    static func supports(_ name: String, _ section: String) -> On {
        On("\(name) is true", .failure, section) { evidence in
            .require(evidence[name]?.bool == true, "it is \(evidence[name]?.text ?? "missing")")
        }
    }

    private static func says(_ name: String) -> On {
        On("\(name) is present", .info, "OpenID Connect Discovery §3") { evidence in
            .require(evidence[name]?.bool != nil, "it is omitted")
        }
    }

    /// Requires https URLs. On a loopback address https is reported as not judged, so that the run makes no claim about
    /// it.
    private static func secure(_ names: [String], _ evidence: MetadataEvidence) -> Verdict {
        let addresses = names.map { ($0, WebAddress(evidence[$0]?.string ?? "")) }
        let insecure = addresses.filter { !$0.1.isSecure || $0.1.host.isEmpty }
        if insecure.isEmpty { return .holds }
        if insecure.allSatisfy({ $0.1.scheme == "http" && $0.1.isLoopback }), WebAddress(evidence.issuer).isLoopback {
            return .notRun("http on a loopback address, https is not judged")
        }
        return .broken("not https: \(insecure.map { "\($0.0) \($0.1)" })")
    }
}
