import FoundationEssentials
package import JOSE

extension Role {
    /// Creates a role from its entry in a resource file.
    package init(document: JSONObject) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        let name = reader.required("name", Self.checkName)
        let permissions = reader.list("permissions", Role.checkPermission)
        let minimum = reader.value("minimum_acr", AuthenticationContext.registered)
        reader.refuseUnknown()
        try reader.finish()
        self.init(name: name, permissions: permissions, minimumContext: minimum)
    }

    static func checkPermission(_ text: String) throws(InvalidValue) -> String {
        guard Scope.isValue(text) else {
            throw InvalidValue("must be printable ASCII without spaces, quotes or backslashes")
        }
        return text
    }

    /// Checks the name of a role or group. Names appear in claims and, separated by commas, in header fields.
    static func checkName(_ text: String) throws(InvalidValue) -> String {
        guard Scope.isValue(text), !text.contains(","), text.utf8.count <= 255 else {
            throw InvalidValue(
                "must be 1 to 255 printable ASCII characters without spaces, quotes, backslashes or commas")
        }
        return text
    }
}

extension Group {
    /// Creates a group from its entry in a resource file.
    package init(document: JSONObject) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        let name = reader.required("name", Role.checkName)
        let description = reader.text("description")
        let roles = reader.list("roles", Role.checkName)
        reader.refuseUnknown()
        try reader.finish()
        self.init(name: name, description: description, roles: roles)
    }
}

extension ResourceServer {
    /// Creates a resource server from its entry in a resource file (RFC 8707 §2).
    package init(document: JSONObject) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        let identifier = reader.required("identifier", Self.checkIdentifier)
        let name = reader.translated("name")
        let description = reader.translated("description")
        let scopes = reader.described("scopes", Self.checkScope)
        let format = reader.value("access_token", TokenFormat.init(registered:))
        let algorithm = reader.value("access_token_signing_alg", KeyRing.algorithm(registered:))
        if format == .opaque, algorithm != nil {
            reader.report("access_token_signing_alg", "has no effect with access_token opaque; remove one of the two")
        }
        let lifetime = reader.seconds("access_token_lifetime")
        if let lifetime, !(1...Int(Lifetimes.longestAccessToken)).contains(lifetime) {
            reader.report("access_token_lifetime", "must be 1 to \(Int(Lifetimes.longestAccessToken)) seconds")
        }
        let introspectionClients = reader.list("introspection_clients") { text throws(InvalidValue) in text }
        let claims = reader.list("claims", EntitlementClaim.init(registered:))
        let permissions = reader.list("permissions", Role.checkPermission)
        let detailsTypes = reader.members("authorization_details_types", AuthorizationDetailsType.init)
        reader.refuseUnknown()
        try reader.finish()
        self.init(
            identifier: identifier, scopes: scopes.names, format: format ?? .jwt,
            accessTokenAlgorithm: algorithm ?? .es256, accessTokenLifetime: lifetime,
            introspectionClients: introspectionClients, claims: claims, permissions: permissions, name: name?.text,
            description: description?.text, scopeDescriptions: scopes.descriptions.mapValues(\.text),
            translations: Self.translations(name, description, scopes.descriptions),
            authorizationDetailsTypes: detailsTypes)
    }

    private static func translations(
        _ name: TranslatedText?, _ description: TranslatedText?, _ scopes: [String: TranslatedText]
    ) -> [String: Translation] {
        var translations: [String: Translation] = [:]
        for (language, text) in name?.translations ?? [:] { translations[language, default: .init()].name = text }
        for (language, text) in description?.translations ?? [:] {
            translations[language, default: .init()].description = text
        }
        for (scope, description) in scopes {
            for (language, text) in description.translations {
                translations[language, default: .init()].scopes[scope] = text
            }
        }
        return translations
    }

    private static func checkIdentifier(_ text: String) throws(InvalidValue) -> String {
        guard let url = URL(string: text), url.scheme != nil, URIText.isPlain(text), !text.contains("#") else {
            throw InvalidValue("must be an absolute URI without a fragment")
        }
        guard text.utf8.count <= 255 else { throw InvalidValue("must be at most 255 characters") }
        return text
    }

    private static func checkScope(_ text: String) throws(InvalidValue) -> String {
        guard Scope.isValue(text) else {
            throw InvalidValue("must be printable ASCII without spaces, quotes or backslashes (RFC 6749 §3.3)")
        }
        guard !Scope.standard.union(Scope.sharedSignals).contains(text) else {
            throw InvalidValue("is reserved for the issuer itself")
        }
        return text
    }
}

extension ResourceServer.TokenFormat {
    fileprivate init(registered text: String) throws(InvalidValue) {
        guard let format = Self(rawValue: text) else { throw InvalidValue("must be jwt or opaque") }
        self = format
    }
}

extension EntitlementClaim {
    fileprivate init(registered text: String) throws(InvalidValue) {
        guard let claim = Self(rawValue: text) else {
            throw InvalidValue("must be roles, groups, permissions or entitlements")
        }
        self = claim
    }
}
