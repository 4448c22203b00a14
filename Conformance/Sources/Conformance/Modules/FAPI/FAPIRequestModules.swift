/// What a FAPI 2.0 request must contain, and what counts if it says something twice.
enum FAPIRequestModules {
    static let all = [
        otherNonce, otherState, stateOutside, withoutRedirectURI, redirectURIRequired, unregisteredRedirectURI,
        withoutPushing, codeAndIDToken, token,
    ]

    private static let refusals = ["invalid_request", "invalid_request_object"]

    static let otherNonce = Module.fapi("ensure-different-nonce-inside-and-outside-request-object") { _, client in
        try await pushedCounts(client, client.request(), [Parameter("nonce", .random())])
    }

    static let otherState = Module.fapi("ensure-different-state-inside-and-outside-request-object") { _, client in
        try await pushedCounts(client, client.request(), [Parameter("state", .random())])
    }

    static let stateOutside = Module.fapi("state-only-outside-request-object-not-used") { _, client in
        var request = try client.request()
        request["state"] = nil
        try await pushedCounts(client, request, [Parameter("state", .random())])
    }

    /// Sends `extra` parameters beside a pushed request. They are ignored, or the request is refused.
    private static func pushedCounts(
        _ client: FAPIClient, _ request: AuthorizationRequest, _ extra: [Parameter]
    ) async throws {
        let address = try await client.requestURI(for: request)
        let arrival = try await client.visit(address, adding: extra, by: client.trial.person())
        guard arrival.landing != nil else {
            return client.trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
        }
        let answer = try await client.answer(to: request, arrival)
        guard answer["error"] == nil else {
            return client.trial.check(
                AuthorizationConditions.isError(refusals + ["invalid_request_uri"], "RFC 9101 §6.3"), answer)
        }
        _ = try await client.redeem(answer)
    }

    static let withoutRedirectURI = Module.fapi("ensure-request-object-without-redirect-uri-fails") { _, client in
        try await isRefused(client) { $0["redirect_uri"] = nil }
    }

    static let redirectURIRequired = Module.fapi("ensure-redirect-uri-in-authorization-request") { _, client in
        try await isRefused(client) { $0["redirect_uri"] = nil }
    }

    /// A provider may accept a new redirect URI from an authenticated client (RFC 9126 §2.4), or refuse it.
    static let unregisteredRedirectURI = Module.fapi("plain-fapi-tolerate-unregistered-redirect-uri") {
        trial, client in
        var request = try client.request()
        request["redirect_uri"] = (request["redirect_uri"] ?? "") + "/" + .random()
        let answer = try await client.send(client.push(request))
        guard answer.status == 201, let address = answer.json?["request_uri"]?.string else {
            return trial.check(TokenErrorConditions.refusal(refusals, "RFC 9126 §2.4"), answer)
        }
        let arrival = try await client.visit(address, by: trial.person())
        guard arrival.landing != nil else {
            return trial.check([ArrivalConditions.staysAtProvider, ArrivalConditions.asksNobody], arrival)
        }
        _ = try await client.redeem(client.answer(to: request, arrival))
    }

    static let withoutPushing = Module.fapi("ensure-unsigned-authorization-request-without-using-par-fails") {
        trial, client in
        let request = try client.request()
        let arrival = try await trial.visit(request, in: trial.browser(), by: trial.person())
        try await client.isRefused(request, arrival, refusals, "FAPI 2.0 Security Profile §5.3.2.2")
    }

    static let codeAndIDToken = Module.fapi("ensure-response-type-code-idtoken-fails") { _, client in
        try await isRefusedType("code id_token", client)
    }

    static let token = Module.fapi("ensure-response-type-token-fails") { _, client in
        try await isRefusedType("token", client)
    }

    private static func isRefusedType(_ type: String, _ client: FAPIClient) async throws {
        try await isRefused(client, ["unsupported_response_type", "unauthorized_client"]) {
            $0["response_type"] = type
        }
    }

    private static func isRefused(
        _ client: FAPIClient, _ codes: [String] = [], _ change: (inout AuthorizationRequest) -> Void
    ) async throws {
        var request = try client.request()
        change(&request)
        try await client.isRefused(
            client.push(request), refusals + codes, "FAPI 2.0 Security Profile §5.3.2.2")
    }
}
