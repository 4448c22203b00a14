import JOSE

/// Authorization requests and consent.
struct AuthorizationTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, loop: InteractionLoop) {
        endpoints = [
            AuthorizationEndpoint(core, loop: loop),
            ConsentEndpoint(core),
        ]
    }

    func describe(in metadata: inout ServerMetadata) {
        metadata["authorization_endpoint"] = metadata.url(.authorization)
        metadata["response_types_supported"] = ["code"]
        metadata["response_modes_supported"] = .array(ResponseMode.allCases.map { .string($0.rawValue) })
        metadata["code_challenge_methods_supported"] = ["S256"]
        metadata["prompt_values_supported"] = .array(Prompt.allCases.map { .string($0.rawValue) })
        metadata["display_values_supported"] = .array(Display.allCases.map { .string($0.rawValue) })
        metadata["claims_parameter_supported"] = true
        metadata["request_parameter_supported"] = false
        // OpenID Connect Discovery §3 defaults to true.
        metadata["request_uri_parameter_supported"] = false
        metadata["authorization_response_iss_parameter_supported"] = true
    }
}
