/// Whether the metadata matches the server's behavior (RFC 8414 §2, §3).
enum MetadataModules {
    static let all = [otherAddress, truth]

    static let otherAddress = Module("martlet-metadata-rfc8414", ["RFC8414-007", "RFC8414-010"]) { trial in
        let metadata = try await trial.metadata()
        let issuer = WebAddress(trial.target.issuer)
        let path = issuer.path.hasSuffix("/") ? String(issuer.path.dropLast()) : issuer.path
        let address = WebAddress("\(issuer.origin)/.well-known/oauth-authorization-server\(path)")
        let answer = try await trial.send(WebRequest("GET", address))
        guard answer.status != 404 else { throw Skip(reason: "the provider has no RFC 8414 metadata document") }
        trial.check(agrees(with: metadata.members), answer)
    }

    /// Features that aren't advertised are rejected, and advertised endpoints exist.
    static let truth = Module("martlet-metadata-is-true", ["RFC8414-002", "OIDC-Discovery-003", "RFC9700-005"]) {
        trial in
        let metadata = try await trial.metadata()
        let types = metadata["response_types_supported"]?.strings ?? []
        for type in ["token", "id_token", "code id_token"] where !types.contains(type) {
            var request = try trial.request()
            request["response_type"] = type
            let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
            trial.check(isRefused("response_type \(type)"), arrival)
        }
        let registration = try trial.registration(.first)
        let grants = metadata["grant_types_supported"]?.strings ?? ["authorization_code", "implicit"]
        for grant in ["password", "urn:ietf:params:oauth:grant-type:device_code"] where !grants.contains(grant) {
            let answer = try await trial.token(
                [Parameter("grant_type", grant), Parameter("username", "x"), Parameter("password", "x")],
                as: registration)
            let codes = ["unsupported_grant_type", "unauthorized_client"]
            trial.check(TokenErrorConditions.refusal(codes, "RFC 6749 §5.2"), answer)
        }
        for (name, value) in [
            ("request", "request_parameter_supported"), ("request_uri", "request_uri_parameter_supported"),
        ]
        where metadata[value]?.bool == false {
            var request = try trial.request()
            request[name] = "https://nowhere.example/\(String.random())"
            let arrival = try await trial.visit(request, in: trial.browser(), by: nil)
            trial.check(isRefused(name), arrival)
        }
        let endpoints = metadata.members.filter { $0.key.hasSuffix("_endpoint") }.compactMap { $0.value.string }
        for endpoint in endpoints.sorted() {
            trial.check(exists, try await trial.send(WebRequest("GET", WebAddress(endpoint))))
        }
    }

    private static func isRefused(_ what: String) -> Condition<Arrival> {
        Condition("\(what), which is not advertised, is rejected", .failure, "RFC 8414 §2") { arrival in
            if let landing = arrival.landing {
                let isError = landing.query["error"] != nil || landing.fragment["error"] != nil
                return .require(isError, "the client got a response without an error")
            }
            return .require(arrival.page.map { $0.answer.status >= 400 } ?? false, "the provider continued with a page")
        }
    }

    private static func agrees(with members: [String: JSON]) -> Condition<WebAnswer> {
        Condition("both metadata documents agree", .failure, "RFC 8414 §3", "RFC 8414 §5") { answer in
            guard let other = answer.json?.object else { return .broken("the response is \(answer.status)") }
            let different = other.keys.filter { members[$0] != nil && members[$0] != other[$0] }
            return .require(different.isEmpty, "different: \(different.sorted())")
        }
    }

    static let exists = Condition<WebAnswer>("every advertised endpoint exists", .failure, "RFC 8414 §2") {
        answer in
        .require(answer.status != 404 && answer.status < 500, "the response is \(answer.status)")
    }
}
