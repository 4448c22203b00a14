/// Conditions on every successful token response.
package enum TokenConditions {
    package typealias On = Condition<TokenAnswer>

    package static let shared = [
        succeeds, isJSON, isNotStored.at(.warning), hasAccessToken, hasUnguessableTokens, hasTokenType, hasLifetime,
        hasPlausibleLifetime, hasIDTokenIfOpenID, hasLegalRefreshToken,
    ]

    static let succeeds = On("the token endpoint responds with 200", .failure, "RFC 6749 §5.1") { evidence in
        .require(evidence.answer.status == 200, "it responds with \(evidence.answer.status): \(said(evidence.answer))")
    }

    static let isJSON = On("the media type is application/json", .failure, "RFC 6749 §5.1") { evidence in
        .require(
            evidence.answer.mediaType == "application/json" && evidence.answer.json?.object != nil,
            "the media type is \(evidence.answer.mediaType)")
    }

    static let isNotStored = On("the response has Cache-Control: no-store", .failure, "RFC 6749 §5.1") { evidence in
        .require(
            evidence.answer.header("Cache-Control")?.lowercased().contains("no-store") == true,
            "Cache-Control is \(evidence.answer.header("Cache-Control") ?? "missing")")
    }

    static let hasAccessToken = On(
        "access_token is present and contains only allowed characters", .failure, "RFC 6749 §5.1", "RFC 6750 §2.1"
    ) { evidence in
        guard let token = evidence.accessToken, !token.isEmpty else { return .broken("access_token is missing") }
        return .require(Characters.areBearerToken(token), "it contains characters that are not allowed")
    }

    static let hasUnguessableTokens = On(
        "tokens have room for 128 bits and at least 96 bits of measured entropy", .failure, "RFC 6749 §10.10"
    ) { evidence in
        let tokens = [evidence.accessToken, evidence.refreshToken].compactMap(\.self)
        let shortcomings = tokens.compactMap(Randomness.shortcoming)
        return .require(shortcomings.isEmpty, "a token is guessable: \(shortcomings.joined(separator: "; "))")
    }

    static let hasTokenType = On(
        "token_type is DPoP if the request had a proof, otherwise Bearer", .failure, "OpenID Connect Core §3.1.3.3",
        "RFC 9449 §5"
    ) { evidence in
        .require(
            evidence["token_type"]?.string?.lowercased() == evidence.expectedType.lowercased(),
            "token_type is \(evidence["token_type"]?.text ?? "missing") instead of \(evidence.expectedType)")
    }

    static let hasLifetime = On("expires_in is present", .warning, "RFC 6749 §5.1") { evidence in
        .require(evidence["expires_in"] != nil, "it is missing")
    }

    static let hasPlausibleLifetime = On(
        "expires_in is a positive whole number of seconds, at most a year", .failure, "RFC 6749 §5.1",
        "RFC 6749 Appendix A.14"
    ) { evidence in
        guard let value = evidence["expires_in"] else { return .notRun("expires_in is missing") }
        guard let seconds = value.number else { return .broken("expires_in is \(value.text)") }
        return .require(
            seconds > 0 && seconds <= 366 * 86_400 && seconds == seconds.rounded(), "expires_in is \(value.text)")
    }

    static let hasIDTokenIfOpenID = On(
        "id_token is present exactly if the scope openid was granted", .failure, "OpenID Connect Core §3.1.3.3"
    ) { evidence in
        guard evidence.grantType == "authorization_code" else { return .notRun("it is optional for this grant") }
        return .require(
            (evidence.idToken != nil) == evidence.isOpenID,
            evidence.isOpenID ? "id_token is missing" : "id_token is present without openid")
    }

    static let hasLegalRefreshToken = On(
        "refresh_token contains only printable ASCII characters", .failure, "RFC 6749 Appendix A.17"
    ) { evidence in
        guard let token = evidence.refreshToken else { return .notRun("no refresh token was issued") }
        return .require(!token.isEmpty && Characters.areVisible(token), "it contains other characters")
    }

    /// A client acting for itself can request a new token instead (RFC 6749 §4.4.3).
    static let hasNoRefreshToken = On("no refresh token is issued", .warning, "RFC 6749 §4.4.3") { evidence in
        .require(evidence.refreshToken == nil, "a refresh token was issued")
    }

    /// Returns a short description of the error in a response.
    static func said(_ answer: WebAnswer) -> String {
        guard let error = answer.json?["error"]?.string else { return "no error code" }
        return "\(error), \(answer.json?["error_description"]?.string ?? "no description")"
    }
}

/// Conditions on error responses of the token endpoint and of endpoints with the same error format.
package enum TokenErrorConditions {
    package typealias On = Condition<WebAnswer>

    /// Returns the conditions on an error response with one of `codes`.
    package static func refusal(_ codes: [String], _ section: String) -> [On] {
        [hasErrorStatus, isJSON, isError(codes, section), hasLegalText]
    }

    static let hasErrorStatus = On(
        "the error status is 400, or 401 for invalid_client", .failure, "RFC 6749 §5.2"
    ) { answer in
        let isUnauthorized = answer.status == 401 && answer.json?["error"]?.string == "invalid_client"
        return .require(answer.status == 400 || isUnauthorized, "the status is \(answer.status)")
    }

    static let isJSON = On("the error response is application/json", .failure, "RFC 6749 §5.2") { answer in
        .require(
            answer.mediaType == "application/json" && answer.json?.object != nil,
            "the media type is \(answer.mediaType)")
    }

    static func isError(_ codes: [String], _ section: String) -> On {
        On("the error is \(codes.joined(separator: " or "))", .failure, section) { answer in
            .require(
                codes.contains(answer.json?["error"]?.string ?? ""),
                "the response is \(answer.status): \(TokenConditions.said(answer))")
        }
    }

    static let hasLegalText = On(
        "error and error_description contain only allowed characters", .failure, "RFC 6749 §5.2"
    ) { answer in
        let texts = ["error", "error_description"].compactMap { answer.json?[$0]?.string }
        return .require(texts.allSatisfy(Characters.areErrorText), "characters not allowed in \(texts)")
    }

    /// RFC 6749 §5.2: `WWW-Authenticate` must match the scheme that the client used.
    static let challenges = On(
        "failed Basic authentication gets 401 with a Basic challenge", .failure, "RFC 6749 §5.2"
    ) { answer in
        .require(
            answer.status == 401 && answer.header("WWW-Authenticate")?.lowercased().hasPrefix("basic") == true,
            "the status is \(answer.status) and WWW-Authenticate is \(answer.header("WWW-Authenticate") ?? "missing")")
    }
}
