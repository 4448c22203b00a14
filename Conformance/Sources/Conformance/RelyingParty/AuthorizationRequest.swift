/// An authorization request of a client (OpenID Connect Core §3.1.2.1).
package struct AuthorizationRequest: Sendable {
    package let registration: Registration
    package var parameters: [Parameter]
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

    /// The parameters of the response, without those in the query of the redirect URI itself.
    package var parameters: [Parameter] {
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
