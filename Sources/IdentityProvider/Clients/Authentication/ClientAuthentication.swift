import JOSE

/// The client authentication methods. To add one, add a file to this folder and a line here.
enum ClientAuthentication {
    /// In the order of the metadata (RFC 8414 §2).
    static let methods: [any ClientAuthenticationMethod.Type] = [
        ClientSecretBasic.self,
        ClientSecretPost.self,
        ClientSecretJWT.self,
        PrivateKeyJWT.self,
        TLSClientAuth.self,
        SelfSignedTLSClientAuth.self,
        PublicClient.self,
    ]

    /// Returns the method with the registered `token_endpoint_auth_method`.
    static func method(registered name: String) throws(InvalidValue) -> any ClientAuthenticationMethod.Type {
        guard let method = methods.first(where: { $0.name == name }) else {
            throw InvalidValue("must be one of \(methods.map { $0.name }.joined(separator: ", "))")
        }
        return method
    }
}

extension ServerMetadata {
    /// Adds the authentication methods and algorithms of `endpoint`, such as `token_endpoint` (RFC 8414 §2).
    mutating func describe(_ methods: [any ClientAuthenticationMethod.Type], at endpoint: String) {
        let methods = methods.filter { $0.isOffered(with: mutualTLS) }
        let used = Set(methods.flatMap { $0.assertionAlgorithms })
        let algorithms = (SignatureAlgorithm.asymmetric + SignatureAlgorithm.symmetric).filter(used.contains)
        self["\(endpoint)_auth_methods_supported"] = .array(methods.map { .string($0.name) })
        self["\(endpoint)_auth_signing_alg_values_supported"] = .array(algorithms.map { .string($0.rawValue) })
    }
}
