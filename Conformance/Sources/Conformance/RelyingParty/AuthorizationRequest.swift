/// An authorization request of a client (OpenID Connect Core §3.1.2.1).
package struct AuthorizationRequest: Sendable {
    package let registration: Registration
    package var parameters: [Parameter]
    /// The key that proves possession of the code (RFC 7636), if the request has its challenge.
    package var proofKey: ProofKey?
    /// Whether the request is posted from the client's site instead of sent in a query.
    package var isPosted = false

    package init(_ registration: Registration, scope: String = "openid") {
        self.registration = registration
        parameters = [
            Parameter("client_id", registration.clientID), Parameter("response_type", "code"),
            Parameter("redirect_uri", registration.redirectURIs.first ?? ""), Parameter("scope", scope),
            Parameter("state", .random()), Parameter("nonce", .random()),
        ]
    }

    package subscript(name: String) -> String? {
        get { parameters[name] }
        set { parameters[name] = newValue }
    }

    package func sent(to endpoint: WebAddress) -> WebRequest {
        guard isPosted else { return WebRequest("GET", endpoint.adding(parameters)) }
        var request = WebRequest.form(parameters, to: endpoint)
        request.isCrossSite = true
        return request
    }
}

/// An authorization response and the request it answers.
package struct AuthorizationAnswer: Sendable {
    package let request: AuthorizationRequest
    package let landing: Landing
    package let visited: [PageKind]
    package let metadata: ProviderMetadata

    package init(request: AuthorizationRequest, landing: Landing, visited: [PageKind], metadata: ProviderMetadata) {
        self.request = request
        self.landing = landing
        self.visited = visited
        self.metadata = metadata
    }

    /// The response parameters. Those of a JWT response are its claims, without the ones that concern the JWT itself
    /// (JARM §2.1).
    package var parameters: [Parameter] {
        guard let token = responseJWT else { return sent }
        return token.claims.filter { !["aud", "exp", "iat", "nbf", "jti"].contains($0.key) }
            .map { Parameter($0.key, $0.value.string ?? $0.value.text) }.sorted { $0.name < $1.name }
    }

    /// The response as a JWT, if the request asks for one and it is well formed. Its signature is not verified.
    package var responseJWT: JWS? {
        guard request["response_mode"]?.hasSuffix("jwt") == true else { return nil }
        return sent["response"].flatMap { try? JWS($0) }
    }

    /// The parameters as sent, without those in the query of the redirect URI itself.
    package var sent: [Parameter] {
        if request["response_mode"]?.hasPrefix("fragment") == true { return landing.fragment }
        guard landing.method == "GET" else { return landing.form }
        var own = FormEncoding.parse(WebAddress(request["redirect_uri"] ?? "").query ?? "")
        return landing.query.filter { parameter in
            guard let index = own.firstIndex(of: parameter) else { return true }
            own.remove(at: index)
            return false
        }
    }

    package subscript(name: String) -> String? { parameters[name] }
}
