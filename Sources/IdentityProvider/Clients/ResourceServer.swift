import FoundationEssentials
package import JOSE

/// An API that accepts our access tokens (RFC 8707).
package struct ResourceServer: Sendable, Hashable, Codable {
    /// The format of access tokens.
    package enum TokenFormat: String, Sendable, Codable {
        /// The API verifies the token itself (RFC 9068).
        case jwt = "jwt"
        /// Only the issuer can read the token. The API introspects it (RFC 7662).
        case opaque = "opaque"
    }

    /// Its texts for users in one language. `nil` falls back to the default text.
    package struct Translation: Sendable, Hashable, Codable {
        package var name: String?
        package var description: String?
        package var scopes: [String: String] = [:]

        private enum CodingKeys: String, CodingKey { case name, description, scopes }

        package init() {}
    }

    /// The audience of its tokens: an absolute URI without a fragment.
    package let identifier: String
    /// The name on the consent page.
    package var name: String?
    /// The description on the consent page.
    package var description: String?
    package var scopes: [String]
    /// The descriptions on the consent page, by scope value.
    package var scopeDescriptions: [String: String]
    /// The texts for users in other languages, by language tag (RFC 5646).
    package var translations: [String: Translation]
    package var format: TokenFormat
    /// The algorithm that signs its JWT access tokens. The API must support RS256 (RFC 9068 §2.1).
    package var accessTokenAlgorithm: SignatureAlgorithm
    /// In seconds; `nil` for the issuer's default.
    package var accessTokenLifetime: Int?
    /// The clients that the API uses to introspect its tokens (RFC 7662 §2.1).
    package var introspectionClients: [String]
    /// The claims about the user in access tokens and introspection responses.
    package var claims: [EntitlementClaim]
    /// The permissions that the API uses; empty for all.
    package var permissions: [String]
    /// The types of authorization details that the API understands (RFC 9396 §2.1).
    package var authorizationDetailsTypes: [AuthorizationDetailsType]

    private enum CodingKeys: String, CodingKey {
        case identifier, name, description, scopes, scopeDescriptions, translations, format, accessTokenAlgorithm,
            accessTokenLifetime, introspectionClients, claims, permissions, authorizationDetailsTypes
    }

    package init(
        identifier: String, scopes: [String], format: TokenFormat = .jwt,
        accessTokenAlgorithm: SignatureAlgorithm = .es256, accessTokenLifetime: Int? = nil,
        introspectionClients: [String] = [], claims: [EntitlementClaim] = [], permissions: [String] = [],
        name: String? = nil, description: String? = nil, scopeDescriptions: [String: String] = [:],
        translations: [String: Translation] = [:], authorizationDetailsTypes: [AuthorizationDetailsType] = []
    ) {
        self.identifier = identifier
        self.name = name
        self.description = description
        self.scopes = scopes
        self.scopeDescriptions = scopeDescriptions
        self.translations = translations
        self.format = format
        self.accessTokenAlgorithm = accessTokenAlgorithm
        self.accessTokenLifetime = accessTokenLifetime
        self.introspectionClients = introspectionClients
        self.claims = claims
        self.permissions = permissions
        self.authorizationDetailsTypes = authorizationDetailsTypes
    }

    /// Uses defaults for members that earlier versions didn't store.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            identifier: try values.decode(String.self, forKey: .identifier),
            scopes: try values.decode([String].self, forKey: .scopes),
            format: try values.decode(TokenFormat.self, forKey: .format),
            accessTokenAlgorithm: try values.decodeIfPresent(SignatureAlgorithm.self, forKey: .accessTokenAlgorithm)
                ?? .es256,
            accessTokenLifetime: try values.decodeIfPresent(Int.self, forKey: .accessTokenLifetime),
            introspectionClients: try values.decode([String].self, forKey: .introspectionClients),
            claims: try values.decodeIfPresent([EntitlementClaim].self, forKey: .claims) ?? [],
            permissions: try values.decodeIfPresent([String].self, forKey: .permissions) ?? [],
            name: try values.decodeIfPresent(String.self, forKey: .name),
            description: try values.decodeIfPresent(String.self, forKey: .description),
            scopeDescriptions: try values.decodeIfPresent([String: String].self, forKey: .scopeDescriptions) ?? [:],
            translations: try values.decodeIfPresent([String: Translation].self, forKey: .translations) ?? [:],
            authorizationDetailsTypes: try values.decodeIfPresent(
                [AuthorizationDetailsType].self, forKey: .authorizationDetailsTypes) ?? [])
    }

    /// The name shown to users: `name`, or the host of the identifier.
    var displayName: String { name ?? URL(string: identifier)?.host() ?? identifier }
}

package protocol ResourceServerStore: Sendable {
    func all() async throws -> [ResourceServer]
    func save(_ server: ResourceServer) async throws
    func delete(_ identifier: String) async throws
}
