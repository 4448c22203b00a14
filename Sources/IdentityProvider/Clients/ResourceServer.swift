/// An API that accepts our access tokens (RFC 8707).
package struct ResourceServer: Sendable, Hashable, Codable {
    /// The form of its access tokens.
    package enum TokenFormat: String, Sendable, Codable {
        /// RFC 9068: the API verifies it alone.
        case jwt
        /// Says nothing to whoever holds it: the API introspects it (RFC 7662).
        case opaque
    }

    /// The audience of its tokens: an absolute URI without fragment.
    package let identifier: String
    package var scopes: [String]
    package var format: TokenFormat
    /// Seconds; `nil` is the issuer's default.
    package var accessTokenLifetime: Int?
    /// The clients as which the API introspects its tokens (RFC 7662 §2.1).
    package var introspectionClients: [String]
    /// What its access tokens and introspection say of a person's roles, groups and permissions.
    package var claims: [EntitlementClaim]
    /// The permissions that mean something to it; none means all.
    package var permissions: [String]

    package init(
        identifier: String, scopes: [String], format: TokenFormat = .jwt, accessTokenLifetime: Int? = nil,
        introspectionClients: [String] = [], claims: [EntitlementClaim] = [], permissions: [String] = []
    ) {
        self.identifier = identifier
        self.scopes = scopes
        self.format = format
        self.accessTokenLifetime = accessTokenLifetime
        self.introspectionClients = introspectionClients
        self.claims = claims
        self.permissions = permissions
    }

    /// What was kept by a version that knew less is complete, too.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            identifier: try values.decode(String.self, forKey: .identifier),
            scopes: try values.decode([String].self, forKey: .scopes),
            format: try values.decode(TokenFormat.self, forKey: .format),
            accessTokenLifetime: try values.decodeIfPresent(Int.self, forKey: .accessTokenLifetime),
            introspectionClients: try values.decode([String].self, forKey: .introspectionClients),
            claims: try values.decodeIfPresent([EntitlementClaim].self, forKey: .claims) ?? [],
            permissions: try values.decodeIfPresent([String].self, forKey: .permissions) ?? [])
    }
}

package protocol ResourceServerStore: Sendable {
    func all() async throws -> [ResourceServer]
    func save(_ server: ResourceServer) async throws
    func delete(_ identifier: String) async throws
}
