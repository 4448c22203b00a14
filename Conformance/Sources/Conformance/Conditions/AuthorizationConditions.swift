/// Conditions on every authorization response that reaches the client.
package enum AuthorizationConditions {
    package typealias On = Condition<AuthorizationAnswer>

    package static let shared = [
        reachesRedirectURI, usesResponseMode, hasNoFragment, hasNothingTwice, returnsState, namesIssuer,
        keepsIssuerPromise, hasLegalErrorText,
    ]

    static let reachesRedirectURI = On(
        "the response goes to the requested redirect URI and keeps its query", .failure, "RFC 6749 §3.1.2"
    ) { evidence in
        let expected = evidence.request["redirect_uri"] ?? ""
        let query = WebAddress(expected).query ?? ""
        let keepsQuery = FormEncoding.parse(query).allSatisfy(evidence.landing.query.contains)
        return .require(
            evidence.landing.address.base == WebAddress(expected).base && keepsQuery,
            "it was sent to \(evidence.landing.address.base)")
    }

    static let usesResponseMode = On(
        "the response is delivered by the requested response mode", .failure, "OpenID Connect Core §3.1.2.5",
        "OAuth 2.0 Form Post Response Mode §2"
    ) { evidence in
        if evidence.request["response_mode"]?.hasPrefix("form_post") == true {
            guard evidence.landing.method == "POST" else {
                return .broken("it was delivered by a redirect instead of a form")
            }
            let own = FormEncoding.parse(WebAddress(evidence.request["redirect_uri"] ?? "").query ?? "")
            return .require(
                evidence.landing.query == own,
                "the redirect URI has an extra query: \(evidence.landing.address.query ?? "")")
        }
        return .require(evidence.landing.method == "GET", "it was delivered by a form instead of a redirect")
    }

    static let hasNoFragment = On(
        "the response is in the fragment only if that was requested", .failure,
        "OAuth 2.0 Multiple Response Type Encoding §2.1"
    ) { evidence in
        let wantsFragment = evidence.request["response_mode"]?.hasPrefix("fragment") == true
        return .require(
            (evidence.landing.address.fragment != nil) == wantsFragment,
            wantsFragment ? "the address has no fragment" : "the address has a fragment")
    }

    static let hasNothingTwice = On("no parameter is repeated", .failure, "RFC 6749 §3.1") { evidence in
        .require(evidence.parameters.repeated.isEmpty, "repeated: \(evidence.parameters.repeated)")
    }

    static let returnsState = On("state is returned unchanged", .failure, "RFC 6749 §4.1.2") { evidence in
        .require(
            evidence["state"] == evidence.request["state"],
            "state is \(evidence["state"] ?? "missing") instead of \(evidence.request["state"] ?? "missing")")
    }

    static let namesIssuer = On(
        "iss, if present, is the issuer", .failure, "RFC 9207 §2.4"
    ) { evidence in
        guard let issuer = evidence["iss"] else { return .notRun("iss is missing") }
        let expected = evidence.metadata["issuer"]?.string ?? ""
        return .require(issuer == expected, "iss is \(issuer) instead of \(expected)")
    }

    static let keepsIssuerPromise = On(
        "iss is present if the metadata announces it", .failure, "RFC 9207 §2.3"
    ) { evidence in
        guard evidence.metadata["authorization_response_iss_parameter_supported"]?.bool == true else {
            return .notRun("the metadata does not announce it")
        }
        return .require(evidence["iss"] != nil, "iss is missing")
    }

    static let hasLegalErrorText = On(
        "error and error_description contain only allowed characters", .failure, "RFC 6749 §4.1.2.1"
    ) { evidence in
        let texts = ["error", "error_description"].compactMap { evidence[$0] }
        guard !texts.isEmpty else { return .notRun("error is missing") }
        return .require(texts.allSatisfy(Characters.areErrorText), "characters not allowed in \(texts)")
    }

    // Success

    package static let success = [succeeds, hasOnlyKnownParameters, hasUnguessableCode, hasLegalCode]

    static let succeeds = On("the response has a code and no error", .failure, "RFC 6749 §4.1.2") { evidence in
        if let error = evidence["error"] {
            return .broken("error \(error): \(evidence["error_description"] ?? "no description")")
        }
        return .require(evidence["code"]?.isEmpty == false, "code is missing")
    }

    static let hasOnlyKnownParameters = On(
        "the response has only registered parameters", .warning, "RFC 6749 §4.1.2"
    ) { evidence in
        let unknown = evidence.parameters.names.subtracting(["code", "state", "iss", "session_state", "scope"])
        return .require(unknown.isEmpty, "unknown: \(unknown.sorted())")
    }

    static let hasUnguessableCode = On(
        "the code has room for 128 bits and at least 96 bits of measured entropy", .failure, "RFC 6749 §10.10"
    ) { evidence in
        Randomness.verdict("code", evidence["code"])
    }

    static let hasLegalCode = On(
        "the code contains only printable ASCII characters", .failure, "RFC 6749 Appendix A.11"
    ) {
        evidence in
        guard let code = evidence["code"] else { return .notRun("code is missing") }
        return .require(Characters.areVisible(code), "it contains other characters")
    }

    // Errors

    package static let failure = [hasNoCode, hasOnlyErrorParameters]

    static let hasNoCode = On("an error response has no code", .failure, "RFC 6749 §4.1.2.1") { evidence in
        .require(evidence["code"] == nil, "code is present")
    }

    static let hasOnlyErrorParameters = On(
        "an error response has only registered parameters", .warning, "OpenID Connect Core §3.1.2.6"
    ) { evidence in
        let known: Set = ["error", "error_description", "error_uri", "state", "iss", "session_state"]
        let unknown = evidence.parameters.names.subtracting(known)
        return .require(unknown.isEmpty, "unknown: \(unknown.sorted())")
    }

    package static func isError(_ codes: [String], _ section: String) -> On {
        On("the error is \(codes.joined(separator: " or "))", .failure, section) { evidence in
            .require(codes.contains(evidence["error"] ?? ""), "error is \(evidence["error"] ?? "missing")")
        }
    }
}
