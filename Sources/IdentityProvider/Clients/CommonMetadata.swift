import JOSE

/// Client metadata of RFC 7591 §2 and OpenID Connect Registration §2 that other servers' exports contain. Each member is
/// checked, so that a value that Martlet doesn't honor is a mistake rather than silently ignored.
struct CommonMetadata: Sendable {
    /// The `acr_values` of requests without any.
    let defaultContexts: [AuthenticationContext]
    /// The only algorithm of the client's assertions; `nil` for all that its method supports.
    let assertionAlgorithm: SignatureAlgorithm?
    private let applicationType: String?

    init(_ reader: inout DocumentReader) {
        _ = reader.list("response_types", Self.responseType)
        applicationType = reader.value("application_type", Self.oneOf("web", "native"))
        defaultContexts = reader.list("default_acr_values", AuthenticationContext.registered)
        assertionAlgorithm = reader.value("token_endpoint_auth_signing_alg") { text in
            SignatureAlgorithm(rawValue: text)
        }
        _ = reader.list("contacts", Self.notEmpty)
        for name in ["software_id", "software_version"] { _ = reader.value(name, Self.notEmpty) }
        _ = reader.value("subject_type", Self.subjectType)
        // Every ID Token has `auth_time`, unless an upstream doesn't say when the user signed in.
        _ = reader.flag("require_auth_time")
        // Martlet starts no sign-in itself.
        _ = reader.webURL("initiate_login_uri")
        for (names, reason) in Self.unsupported { for name in names { reader.refuse(name, reason) } }
    }

    /// Checks rules that involve other members of the client.
    func check(_ client: Client, _ reader: inout DocumentReader) {
        let responseTypes = client.metadata["response_types"]?.array
        if let responseTypes, responseTypes.isEmpty == client.grantTypes.contains(.authorizationCode) {
            reader.report(
                "response_types",
                responseTypes.isEmpty
                    ? "must be [code] with the grant type authorization_code (RFC 7591 §2.1)"
                    : "must be empty without the grant type authorization_code (RFC 7591 §2.1)")
        }
        if applicationType == "web", let native = client.redirectURIs.first(where: \.hasPrivateUseScheme) {
            reader.report(
                "application_type", "web does not fit the redirect URI \(native.text); use native (RFC 8252 §7.1)")
        }
        if !defaultContexts.isEmpty, client.forwardAuth != nil {
            reader.report("default_acr_values", "is not applied by forward_auth; require a context with minimum_acr")
        }
        if let assertionAlgorithm, !client.authenticationMethod.assertionAlgorithms.contains(assertionAlgorithm) {
            let names = client.authenticationMethod.assertionAlgorithms.map(\.rawValue).joined(separator: ", ")
            reader.report(
                "token_endpoint_auth_signing_alg",
                names.isEmpty ? "is allowed only for private_key_jwt and client_secret_jwt" : "must be one of \(names)")
        }
    }

    private static func responseType(_ text: String) throws(InvalidValue) -> String {
        guard text == "code" else { throw InvalidValue("must be code, the only response_type that is supported") }
        return text
    }

    private static func subjectType(_ text: String) throws(InvalidValue) -> String {
        guard text == "public" else {
            throw InvalidValue("must be public: every client gets the same sub for a user")
        }
        return text
    }

    private static func notEmpty(_ text: String) throws(InvalidValue) -> String {
        guard !text.isEmpty else { throw InvalidValue("must not be empty") }
        return text
    }

    private static func oneOf(_ values: String...) -> (String) throws(InvalidValue) -> String {
        { text throws(InvalidValue) in
            guard values.contains(text) else { throw InvalidValue("must be \(values.joined(separator: " or "))") }
            return text
        }
    }

    private static let unsupported: [([String], String)] = [
        (["sector_identifier_uri"], "is only for pairwise identifiers, which are not supported; remove it"),
        (
            ["id_token_encrypted_response_alg", "id_token_encrypted_response_enc"],
            "is not supported: ID Tokens are signed, not encrypted; remove it"
        ),
        (
            [
                "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
                "authorization_encrypted_response_alg", "authorization_encrypted_response_enc",
                "introspection_encrypted_response_alg", "introspection_encrypted_response_enc",
            ],
            "is not supported: responses are signed, not encrypted; remove it"
        ),
        (
            ["request_object_encryption_alg", "request_object_encryption_enc"],
            "is not supported: request objects are signed, not encrypted; remove it"
        ),
        (["software_statement"], "is not supported; write its members into the file"),
    ]
}

extension Client {
    /// The `acr_values` of a request, by default those of the client (OpenID Connect Registration §2).
    func requestedContexts(_ parameters: Parameters) -> [String] {
        let requested = parameters.list("acr_values")
        return requested.isEmpty ? common.defaultContexts.map(\.rawValue) : requested
    }
}
