/// What must hold of every successful answer of the token endpoint.
package enum TokenConditions {
    package typealias On = Condition<TokenAnswer>

    package static let shared = [
        succeeds, isJSON, isNotStored.at(.warning), hasAccessToken, hasUnguessableTokens, hasTokenType, hasLifetime,
        hasPlausibleLifetime, hasIDTokenIfOpenID, hasLegalRefreshToken,
    ]

    static let succeeds = On("the token endpoint answers 200", .failure, "RFC 6749 §5.1") { evidence in
        .require(evidence.answer.status == 200, "it answers \(evidence.answer.status): \(said(evidence.answer))")
    }

    static let isJSON = On("the answer is application/json", .failure, "RFC 6749 §5.1") { evidence in
        .require(
            evidence.answer.mediaType == "application/json" && evidence.answer.json?.object != nil,
            "it is \(evidence.answer.mediaType)")
    }

    static let isNotStored = On("the answer says Cache-Control: no-store", .failure, "RFC 6749 §5.1") { evidence in
        .require(
            evidence.answer.header("Cache-Control")?.lowercased().contains("no-store") == true,
            "Cache-Control is \(evidence.answer.header("Cache-Control") ?? "missing")")
    }

    static let hasAccessToken = On(
        "there is an access token of legal characters", .failure, "RFC 6749 §5.1", "RFC 6750 §2.1"
    ) { evidence in
        guard let token = evidence.accessToken, !token.isEmpty else { return .broken("there is none") }
        return .require(Characters.areBearerToken(token), "it has illegal characters")
    }

    static let hasUnguessableTokens = On(
        "tokens have 128 bits, of which 96 can be measured", .failure, "RFC 6749 §10.10"
    ) { evidence in
        let tokens = [evidence.accessToken, evidence.refreshToken].compactMap(\.self)
        let shortcomings = tokens.compactMap(Randomness.shortcoming)
        return .require(shortcomings.isEmpty, "a token can be guessed: \(shortcomings.joined(separator: "; "))")
    }

    static let hasTokenType = On("token_type is Bearer", .failure, "OpenID Connect Core §3.1.3.3") { evidence in
        .require(
            evidence["token_type"]?.string?.lowercased() == "bearer",
            "token_type is \(evidence["token_type"]?.text ?? "missing")")
    }

    static let hasLifetime = On("expires_in is there", .warning, "RFC 6749 §5.1") { evidence in
        .require(evidence["expires_in"] != nil, "it is missing")
    }

    static let hasPlausibleLifetime = On(
        "expires_in is a positive number of seconds, at most a year", .failure, "RFC 6749 §5.1",
        "RFC 6749 Appendix A.14"
    ) { evidence in
        guard let value = evidence["expires_in"] else { return .notRun("there is none") }
        guard let seconds = value.number else { return .broken("it is \(value.text)") }
        return .require(seconds > 0 && seconds <= 366 * 86_400 && seconds == seconds.rounded(), "it is \(value.text)")
    }

    static let hasIDTokenIfOpenID = On(
        "an ID Token is there exactly when openid was granted", .failure, "OpenID Connect Core §3.1.3.3"
    ) { evidence in
        guard evidence.grantType == "authorization_code" else { return .notRun("it may be left out here") }
        return .require(
            (evidence.idToken != nil) == evidence.isOpenID,
            evidence.isOpenID ? "there is none" : "there is one without openid")
    }

    static let hasLegalRefreshToken = On(
        "a refresh token has only visible characters", .failure, "RFC 6749 Appendix A.17"
    ) { evidence in
        guard let token = evidence.refreshToken else { return .notRun("there is none") }
        return .require(!token.isEmpty && Characters.areVisible(token), "it has others")
    }

    /// A client that asks for itself can ask again (RFC 6749 §4.4.3).
    static let hasNoRefreshToken = On("there is no refresh token", .warning, "RFC 6749 §4.4.3") { evidence in
        .require(evidence.refreshToken == nil, "there is one")
    }

    /// The error of an answer in few words.
    static func said(_ answer: WebAnswer) -> String {
        guard let error = answer.json?["error"]?.string else { return "no error code" }
        return "\(error), \(answer.json?["error_description"]?.string ?? "no description")"
    }
}

/// What must hold of every refusal of the token endpoint and of those that word theirs alike.
package enum TokenErrorConditions {
    package typealias On = Condition<WebAnswer>

    /// The refusal of a request with one of `codes`.
    package static func refusal(_ codes: [String], _ section: String) -> [On] {
        [hasErrorStatus, isJSON, isError(codes, section), hasLegalText]
    }

    static let hasErrorStatus = On(
        "the refusal is 400, or 401 for invalid_client", .failure, "RFC 6749 §5.2"
    ) { answer in
        let isUnauthorized = answer.status == 401 && answer.json?["error"]?.string == "invalid_client"
        return .require(answer.status == 400 || isUnauthorized, "it is \(answer.status)")
    }

    static let isJSON = On("the refusal is application/json", .failure, "RFC 6749 §5.2") { answer in
        .require(answer.mediaType == "application/json" && answer.json?.object != nil, "it is \(answer.mediaType)")
    }

    static func isError(_ codes: [String], _ section: String) -> On {
        On("the error is \(codes.joined(separator: " or "))", .failure, section) { answer in
            .require(
                codes.contains(answer.json?["error"]?.string ?? ""),
                "the answer is \(answer.status): \(TokenConditions.said(answer))")
        }
    }

    static let hasLegalText = On(
        "error and error_description have only legal characters", .failure, "RFC 6749 §5.2"
    ) { answer in
        let texts = ["error", "error_description"].compactMap { answer.json?[$0]?.string }
        return .require(texts.allSatisfy(Characters.areErrorText), "illegal characters in \(texts)")
    }

    /// RFC 6749 §5.2: a client that used the header is told the scheme.
    static let challenges = On(
        "a client refused after the Authorization header gets 401 with WWW-Authenticate", .failure, "RFC 6749 §5.2"
    ) { answer in
        .require(
            answer.status == 401 && answer.header("WWW-Authenticate")?.lowercased().hasPrefix("basic") == true,
            "it is \(answer.status) with WWW-Authenticate \(answer.header("WWW-Authenticate") ?? "missing")")
    }
}
