/// A response of the token endpoint and the request behind it.
package struct TokenAnswer: Sendable {
    package let grantType: String
    /// The requested scope.
    package let scope: String
    package let answer: WebAnswer
    /// `DPoP` if the request had a proof (RFC 9449 §5).
    package let expectedType: String

    package init(grantType: String, scope: String, answer: WebAnswer, expectedType: String = "Bearer") {
        self.grantType = grantType
        self.scope = scope
        self.answer = answer
        self.expectedType = expectedType
    }

    package subscript(name: String) -> JSON? { answer.json?[name] }
    package var accessToken: String? { self["access_token"]?.string }
    package var refreshToken: String? { self["refresh_token"]?.string }
    package var idToken: String? { self["id_token"]?.string }
    package var isOpenID: Bool { scope.split(separator: " ").contains("openid") }
}

/// An ID Token and the context it is checked against.
package struct IDTokenEvidence: Sendable {
    package let token: JWS
    package let issuer: String
    package let registration: Registration
    package let request: AuthorizationRequest
    package let accessToken: String?
    package let code: String?
    package let keys: [JWK]
    /// The tester's clock, in seconds since 1970.
    package let now: Double

    package init(
        token: JWS, issuer: String, registration: Registration, request: AuthorizationRequest, accessToken: String?,
        code: String?, keys: [JWK], now: Double
    ) {
        self.token = token
        self.issuer = issuer
        self.registration = registration
        self.request = request
        self.accessToken = accessToken
        self.code = code
        self.keys = keys
        self.now = now
    }

    package func number(_ claim: String) -> Double? { token.claims[claim]?.number }
    package func text(_ claim: String) -> String? { token.claims[claim]?.string }
}

/// A userinfo response and the ID Token of the same sign-in.
package struct UserInfoEvidence: Sendable {
    package let answer: WebAnswer
    package let idToken: JWS

    package init(answer: WebAnswer, idToken: JWS) {
        self.answer = answer
        self.idToken = idToken
    }

    package var claims: [String: JSON] { answer.json?.object ?? [:] }
}

/// The results of one sign-in.
package struct SignedIn: Sendable {
    package let answer: AuthorizationAnswer
    package let code: String
    package let tokens: TokenAnswer
    package let idToken: JWS
    package let accessToken: String

    package var subject: String { idToken.claims["sub"]?.string ?? "" }
    package var authenticatedAt: Double? { idToken.claims["auth_time"]?.number }
}
