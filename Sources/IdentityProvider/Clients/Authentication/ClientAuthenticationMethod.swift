import JOSE

/// How a client authenticates at the token endpoint (RFC 7591 §2; OpenID Connect Core §9).
package struct ClientAuthenticationMethod: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let clientSecretBasic = ClientAuthenticationMethod(rawValue: "client_secret_basic")
    package static let clientSecretPost = ClientAuthenticationMethod(rawValue: "client_secret_post")
    package static let clientSecretJWT = ClientAuthenticationMethod(rawValue: "client_secret_jwt")
    package static let privateKeyJWT = ClientAuthenticationMethod(rawValue: "private_key_jwt")
    package static let none = ClientAuthenticationMethod(rawValue: "none")

    package static let all: [ClientAuthenticationMethod] = [
        .clientSecretBasic, .clientSecretPost, .clientSecretJWT, .privateKeyJWT, .none,
    ]

    package init(registered text: String) throws(InvalidValue) {
        self.init(rawValue: text)
        guard Self.all.contains(self) else {
            throw InvalidValue("must be one of \(Self.all.map(\.rawValue).joined(separator: ", "))")
        }
    }

    /// Whether a client of this method signs assertions (RFC 7523 §2.2).
    package var usesAssertion: Bool { [.clientSecretJWT, .privateKeyJWT].contains(self) }

    /// Whether a client of this method has a `client_secret`.
    package var usesSecret: Bool { [.clientSecretBasic, .clientSecretPost, .clientSecretJWT].contains(self) }
}

extension ServerMetadata {
    /// Says how clients may authenticate at `endpoint`, such as `token_endpoint` (RFC 8414 §2).
    mutating func describe(_ methods: [ClientAuthenticationMethod], at endpoint: String) {
        self["\(endpoint)_auth_methods_supported"] = .array(methods.map { .string($0.rawValue) })
        self["\(endpoint)_auth_signing_alg_values_supported"] = .array(
            (SignatureAlgorithm.asymmetric + SignatureAlgorithm.symmetric).map { .string($0.rawValue) })
    }
}
