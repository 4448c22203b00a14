import FoundationEssentials

/// An API that accepts our access tokens (RFC 8707).
package struct ResourceServer: Sendable, Hashable, Codable {
    /// The form of its access tokens.
    package enum TokenFormat: String, Sendable, Codable {
        /// RFC 9068: the API verifies it alone.
        case jwt = "jwt"
        /// Says nothing to whoever holds it: the API introspects it (RFC 7662).
        case opaque = "opaque"
    }

    /// What users read about it in one language; `nil` where the language says nothing of its own.
    package struct Translation: Sendable, Hashable, Codable {
        package var name: String?
        package var description: String?
        package var scopes: [String: String] = [:]

        private enum CodingKeys: String, CodingKey { case name, description, scopes }

        package init() {}
    }

    /// The audience of its tokens: an absolute URI without fragment.
    package let identifier: String
    /// What the consent page calls it.
    package var name: String?
    /// What the consent page says of it.
    package var description: String?
    package var scopes: [String]
    /// What the consent page says of a scope, by its value.
    package var scopeDescriptions: [String: String]
    /// The same in other languages, by language (RFC 5646).
    package var translations: [String: Translation]
    package var format: TokenFormat
    /// Seconds; `nil` is the issuer's default.
    package var accessTokenLifetime: Int?
    /// The clients as which the API introspects its tokens (RFC 7662 §2.1).
    package var introspectionClients: [String]
    /// What its access tokens and introspection say of a person's roles, groups and permissions.
    package var claims: [EntitlementClaim]
    /// The permissions that mean something to it; none means all.
    package var permissions: [String]

    private enum CodingKeys: String, CodingKey {
        case identifier, name, description, scopes, scopeDescriptions, translations, format, accessTokenLifetime,
            introspectionClients, claims, permissions
    }

    package init(
        identifier: String, scopes: [String], format: TokenFormat = .jwt, accessTokenLifetime: Int? = nil,
        introspectionClients: [String] = [], claims: [EntitlementClaim] = [], permissions: [String] = [],
        name: String? = nil, description: String? = nil, scopeDescriptions: [String: String] = [:],
        translations: [String: Translation] = [:]
    ) {
        self.identifier = identifier
        self.name = name
        self.description = description
        self.scopes = scopes
        self.scopeDescriptions = scopeDescriptions
        self.translations = translations
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
            permissions: try values.decodeIfPresent([String].self, forKey: .permissions) ?? [],
            name: try values.decodeIfPresent(String.self, forKey: .name),
            description: try values.decodeIfPresent(String.self, forKey: .description),
            scopeDescriptions: try values.decodeIfPresent([String: String].self, forKey: .scopeDescriptions) ?? [:],
            translations: try values.decodeIfPresent([String: Translation].self, forKey: .translations) ?? [:])
    }

    /// The name that users see: `name`, or the identifier's host.
    var displayName: String { name ?? URL(string: identifier)?.host() ?? identifier }
}

package protocol ResourceServerStore: Sendable {
    func all() async throws -> [ResourceServer]
    func save(_ server: ResourceServer) async throws
    func delete(_ identifier: String) async throws
}
