/// Provider metadata for FAPI 2.0 clients.
enum FAPIDiscoveryModules {
    static let all = [verification]

    static let verification = Module.fapi("discovery-end-point-verification") { trial, client in
        let evidence = MetadataEvidence(metadata: try await trial.metadata(), issuer: trial.target.issuer)
        trial.check(FAPIMetadataConditions.shared, evidence)
        trial.check(FAPIMetadataConditions.of(client.variant), evidence)
    }
}

/// Conditions on the metadata of a FAPI 2.0 provider. A provider may list other algorithms for clients of other profiles,
/// so each list must have one that FAPI 2.0 permits, not only such.
enum FAPIMetadataConditions {
    typealias On = Condition<MetadataEvidence>

    static let shared = [
        MetadataConditions.isJSON, MetadataConditions.namesIssuer, MetadataConditions.endpointsAreSecure,
        MetadataConditions.listsAreNotEmpty, MetadataConditions.hasTypedMembers,
        MetadataConditions.hasOnlyRegisteredMembers, MetadataConditions.localesAreCanonical,
        lists("code", in: "response_types_supported", "FAPI 2.0 Security Profile §5.3.2.2"), hasPushedEndpoint,
        lists("S256", in: "code_challenge_methods_supported", "FAPI 2.0 Security Profile §5.3.2.2"),
        authenticatesStrongly, permits("token_endpoint_auth_signing_alg_values_supported"),
    ]

    /// Returns the conditions that depend on the variant.
    static func of(_ variant: FAPIVariant) -> [On] {
        var conditions: [On] = []
        switch variant.authentication {
        case .privateKeyJWT: conditions.append(authenticates(by: ["private_key_jwt"]))
        case .mtls: conditions.append(authenticates(by: ["tls_client_auth", "self_signed_tls_client_auth"]))
        }
        switch variant.constraint {
        case .dpop: conditions.append(permits("dpop_signing_alg_values_supported"))
        case .mtls: conditions.append(bindsToCertificates)
        }
        if variant.usesCertificate { conditions.append(hasUsableAliases) }
        switch variant.responseMode {
        case .plain: conditions.append(announcesIssuer)
        case .jarm:
            conditions.append(lists("jwt", in: "response_modes_supported", "JARM §4"))
            conditions.append(permits("authorization_signing_alg_values_supported"))
        }
        if variant.requestMethod == .signed {
            conditions.append(permits("request_object_signing_alg_values_supported"))
        }
        if variant.identity == .openIDConnect {
            conditions += [
                MetadataConditions.scopesAreLegal, MetadataConditions.hasSubjectTypes,
                permits("id_token_signing_alg_values_supported"),
            ]
        }
        return conditions
    }

    static let hasPushedEndpoint = On(
        "pushed_authorization_request_endpoint is present", .failure, "RFC 9126 §5"
    ) { evidence in
        guard evidence["pushed_authorization_request_endpoint"]?.string != nil else { return .broken("it is missing") }
        let flag = evidence["require_pushed_authorization_requests"]
        return .require(flag == nil || flag?.bool != nil, "require_pushed_authorization_requests is not a boolean")
    }

    static let authenticatesStrongly = On(
        "clients can authenticate with private_key_jwt or mutual TLS", .failure, "FAPI 2.0 Security Profile §5.3.2.1"
    ) { evidence in
        let methods = evidence.list("token_endpoint_auth_methods_supported") ?? []
        let strong = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]
        return .require(methods.contains(where: strong.contains), "found \(methods)")
    }

    private static func authenticates(by methods: [String]) -> On {
        On("token_endpoint_auth_methods_supported has the variant's method", .failure, "RFC 8414 §2") { evidence in
            let found = evidence.list("token_endpoint_auth_methods_supported") ?? []
            return .require(found.contains(where: methods.contains), "found \(found)")
        }
    }

    static let bindsToCertificates = On(
        "tls_client_certificate_bound_access_tokens is true", .failure, "RFC 8705 §3.3"
    ) { evidence in
        .require(
            evidence["tls_client_certificate_bound_access_tokens"]?.bool == true,
            "it is \(evidence["tls_client_certificate_bound_access_tokens"]?.text ?? "missing")")
    }

    static let hasUsableAliases = On(
        "mtls_endpoint_aliases, if present, has https URLs for endpoints of the provider", .failure, "RFC 8705 §5"
    ) { evidence in
        guard let aliases = evidence["mtls_endpoint_aliases"] else { return .notRun("it is omitted") }
        guard let members = aliases.object, members["token_endpoint"] != nil else {
            return .broken("it has no token_endpoint")
        }
        let odd = members.filter { evidence[$0.key] == nil || WebAddress($0.value.string ?? "").scheme != "https" }
        return .require(odd.isEmpty, "not usable: \(odd.keys.sorted())")
    }

    static let announcesIssuer = On(
        "authorization_response_iss_parameter_supported is true", .failure, "RFC 9207 §3"
    ) { evidence in
        .require(
            evidence["authorization_response_iss_parameter_supported"]?.bool == true,
            "it is \(evidence["authorization_response_iss_parameter_supported"]?.text ?? "missing")")
    }

    private static func lists(_ value: String, in name: String, _ section: String) -> On {
        On("\(name) has \(value)", .failure, section) { evidence in
            .require(evidence.list(name)?.contains(value) == true, "it is \(evidence[name]?.text ?? "missing")")
        }
    }

    private static func permits(_ name: String) -> On {
        On("\(name) has an algorithm of FAPI 2.0", .failure, "FAPI 2.0 Security Profile §5.4.1") { evidence in
            let found = evidence.list(name) ?? []
            return .require(
                found.contains(where: FAPIConditions.algorithms.contains) && !found.contains("none"), "found \(found)")
        }
    }
}
