import JOSE

/// The client authentication methods. A new one is a file in this folder and a line here.
enum ClientAuthentication {
    /// In the order in which the metadata lists them (RFC 8414 §2).
    static let methods: [any ClientAuthenticationMethod.Type] = [
        ClientSecretBasic.self,
        ClientSecretPost.self,
        ClientSecretJWT.self,
        PrivateKeyJWT.self,
        PublicClient.self,
    ]

    /// The method that a client registers as its `token_endpoint_auth_method`.
    static func method(registered name: String) throws(InvalidValue) -> any ClientAuthenticationMethod.Type {
        guard let method = methods.first(where: { $0.name == name }) else {
            throw InvalidValue("must be one of \(methods.map { $0.name }.joined(separator: ", "))")
        }
        return method
    }
}

extension ServerMetadata {
    /// Says how clients may authenticate at `endpoint`, such as `token_endpoint` (RFC 8414 §2).
    mutating func describe(_ methods: [any ClientAuthenticationMethod.Type], at endpoint: String) {
        let used = Set(methods.flatMap { $0.assertionAlgorithms })
        let algorithms = (SignatureAlgorithm.asymmetric + SignatureAlgorithm.symmetric).filter(used.contains)
        self["\(endpoint)_auth_methods_supported"] = .array(methods.map { .string($0.name) })
        self["\(endpoint)_auth_signing_alg_values_supported"] = .array(algorithms.map { .string($0.rawValue) })
    }
}
