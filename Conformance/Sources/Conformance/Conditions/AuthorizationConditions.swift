/// What must hold of every answer of the authorization endpoint that reaches the client.
package enum AuthorizationConditions {
    package typealias On = Condition<AuthorizationAnswer>

    package static let shared = [
        reachesRedirectURI, usesResponseMode, hasNoFragment, hasNothingTwice, returnsState, namesIssuer,
        keepsIssuerPromise, hasLegalErrorText,
    ]

    static let reachesRedirectURI = On(
        "the answer goes to the redirect URI of the request, its query kept", .failure, "RFC 6749 §3.1.2"
    ) { evidence in
        let expected = evidence.request["redirect_uri"] ?? ""
        let query = WebAddress(expected).query ?? ""
        let keepsQuery = FormEncoding.parse(query).allSatisfy(evidence.landing.query.contains)
        return .require(
            evidence.landing.address.base == WebAddress(expected).base && keepsQuery,
            "it went to \(evidence.landing.address.base)")
    }

    static let usesResponseMode = On(
        "the answer is delivered as the response mode says", .failure, "OpenID Connect Core §3.1.2.5",
        "OAuth 2.0 Form Post Response Mode §2"
    ) { evidence in
        if evidence.request["response_mode"] == "form_post" {
            guard evidence.landing.method == "POST" else { return .broken("it came as a redirect, not as a form") }
            let own = FormEncoding.parse(WebAddress(evidence.request["redirect_uri"] ?? "").query ?? "")
            return .require(
                evidence.landing.query == own, "the address has a query: \(evidence.landing.address.query ?? "")")
        }
        return .require(evidence.landing.method == "GET", "it came as a form that was posted")
    }

    static let hasNoFragment = On(
        "a code is not delivered in the fragment", .failure, "OAuth 2.0 Multiple Response Type Encoding §2.1"
    ) { evidence in
        .require(evidence.landing.address.fragment == nil, "there is a fragment")
    }

    static let hasNothingTwice = On("no parameter stands twice", .failure, "RFC 6749 §3.1") { evidence in
        .require(evidence.parameters.repeated.isEmpty, "repeated: \(evidence.parameters.repeated)")
    }

    static let returnsState = On("state comes back unchanged", .failure, "RFC 6749 §4.1.2") { evidence in
        .require(
            evidence["state"] == evidence.request["state"],
            "state is \(evidence["state"] ?? "missing") instead of \(evidence.request["state"] ?? "missing")")
    }

    static let namesIssuer = On(
        "iss, when it is there, is the issuer", .failure, "RFC 9207 §2.4"
    ) { evidence in
        guard let issuer = evidence["iss"] else { return .notRun("there is no iss") }
        let expected = evidence.metadata["issuer"]?.string ?? ""
        return .require(issuer == expected, "iss is \(issuer) instead of \(expected)")
    }

    static let keepsIssuerPromise = On(
        "iss is there when the metadata promises it", .failure, "RFC 9207 §2.3"
    ) { evidence in
        guard evidence.metadata["authorization_response_iss_parameter_supported"]?.bool == true else {
            return .notRun("the metadata does not promise it")
        }
        return .require(evidence["iss"] != nil, "there is no iss")
    }

    static let hasLegalErrorText = On(
        "error and error_description have only legal characters", .failure, "RFC 6749 §4.1.2.1"
    ) { evidence in
        let texts = ["error", "error_description"].compactMap { evidence[$0] }
        guard !texts.isEmpty else { return .notRun("there is no error") }
        return .require(texts.allSatisfy(Characters.areErrorText), "illegal characters in \(texts)")
    }

    // Success

    package static let success = [succeeds, hasOnlyKnownParameters, hasUnguessableCode, hasLegalCode]

    static let succeeds = On("there is a code and no error", .failure, "RFC 6749 §4.1.2") { evidence in
        if let error = evidence["error"] {
            return .broken("error \(error): \(evidence["error_description"] ?? "no description")")
        }
        return .require(evidence["code"]?.isEmpty == false, "there is no code")
    }

    static let hasOnlyKnownParameters = On(
        "only registered parameters are in the answer", .warning, "RFC 6749 §4.1.2"
    ) { evidence in
        let unknown = evidence.parameters.names.subtracting(["code", "state", "iss", "session_state", "scope"])
        return .require(unknown.isEmpty, "unknown: \(unknown.sorted())")
    }

    static let hasUnguessableCode = On(
        "the code has 128 bits, of which 96 can be measured", .failure, "RFC 6749 §10.10"
    ) { evidence in
        Randomness.verdict("code", evidence["code"])
    }

    static let hasLegalCode = On("the code has only visible characters", .failure, "RFC 6749 Appendix A.11") {
        evidence in
        guard let code = evidence["code"] else { return .notRun("there is no code") }
        return .require(Characters.areVisible(code), "it has others")
    }

    // Errors

    package static let failure = [hasNoCode, hasOnlyErrorParameters]

    static let hasNoCode = On("an error comes without a code", .failure, "RFC 6749 §4.1.2.1") { evidence in
        .require(evidence["code"] == nil, "there is a code")
    }

    static let hasOnlyErrorParameters = On(
        "only registered parameters are in an error", .warning, "OpenID Connect Core §3.1.2.6"
    ) { evidence in
        let known: Set = ["error", "error_description", "error_uri", "state", "iss", "session_state"]
        let unknown = evidence.parameters.names.subtracting(known)
        return .require(unknown.isEmpty, "unknown: \(unknown.sorted())")
    }

    /// The error is one of `codes`.
    package static func isError(_ codes: [String], _ section: String) -> On {
        On("the error is \(codes.joined(separator: " or "))", .failure, section) { evidence in
            .require(codes.contains(evidence["error"] ?? ""), "error is \(evidence["error"] ?? "missing")")
        }
    }
}
