/// Describes scopes for users.
extension ResourceCatalog {
    /// Returns the scopes grouped by resource server. The issuer's own scopes come first, without a server. A scope that
    /// several servers define is in the group of each: consent is stored by scope and covers all of them, even if the
    /// request names only one.
    ///
    /// `details` follow the scopes of their resource servers. `attributes` are named where they are given to `client`.
    func access(
        _ scope: Scope, _ details: AuthorizationDetails? = nil, of client: Identifier<Client>,
        with attributes: AttributeCatalog
    ) -> [Page.Value] {
        let own = scope.intersection(.standard)
        let groups: [Page.Value] = servers.compactMap { server in
            let values = scope.values.filter(server.scopes.contains)
            let details = entries(details, at: server)
            guard !values.isEmpty || !details.isEmpty else { return nil }
            var group: [String: Page.Value] = [
                "resource_server": server.shownName,
                "scopes": .list(
                    values.map { attributes.named(in: Self.entry($0, at: server), of: $0, for: client) } + details),
            ]
            let carried = attributes.titles(carriedTo: server.identifier, from: client)
            if !carried.isEmpty { group["resource_attributes"] = .list(carried) }
            group["resource_description"] = server.shownDescription
            return .object(group)
        }
        return
            (own.isEmpty
            ? [] : [["scopes": .list(own.values.map { attributes.named(in: Self.entry($0), of: $0, for: client) })]])
            + groups
    }

    /// Returns the scopes and then `details` as one list, each entry with its server.
    func entries(
        _ scope: Scope, _ details: AuthorizationDetails? = nil, of client: Identifier<Client>,
        with attributes: AttributeCatalog
    ) -> [Page.Value] {
        let scopes = scope.values.flatMap { value -> [Page.Value] in
            guard !Scope.standard.contains(value) else {
                return [attributes.named(in: Self.entry(value), of: value, for: client)]
            }
            return servers(with: value).map { server in
                var entry = Self.entry(value, at: server)
                entry["server"] = server.shownName
                entry["server_description"] = server.shownDescription
                return attributes.named(in: entry, of: value, for: client)
            }
        }
        return scopes + servers.flatMap { server in entries(details, at: server, namedBy: server.shownName) }
    }

    /// Returns the entry of one of the issuer's own scopes. Text: `scope_SCOPE`.
    private static func entry(_ scope: String) -> [String: Page.Value] {
        ["scope": .text(scope), "is_\(scope)": true]
    }

    private static func entry(_ scope: String, at server: ResourceServer) -> [String: Page.Value] {
        var entry: [String: Page.Value] = ["scope": .text(scope), "is_other": true]
        entry["description"] = Page.Value(server.scopeDescriptions[scope], server.translations { $0.scopes[scope] })
        return entry
    }
}

extension AttributeCatalog {
    /// Returns the entry of a scope with the titles of the attributes that the scope gives `client`.
    fileprivate func named(
        in entry: [String: Page.Value], of scope: String, for client: Identifier<Client>
    ) -> Page.Value {
        let titles = titles(releasedBy: scope, to: client)
        guard !titles.isEmpty else { return .object(entry) }
        return .object(entry.merging(["attributes": .list(titles), "has_attributes": true]) { $1 })
    }
}

extension ResourceServer {
    fileprivate var shownName: Page.Value {
        guard let name = Page.Value(name, translations(\.name)) else { return .text(displayName) }
        return name
    }

    fileprivate var shownDescription: Page.Value? { Page.Value(description, translations(\.description)) }

    fileprivate func translations(_ text: (Translation) -> String?) -> [String: String] {
        translations.compactMapValues(text)
    }
}

extension Page.Value {
    init?(_ text: String?, _ translations: [String: String]) {
        guard let text else { return nil }
        self = translations.isEmpty ? .text(text) : .translated(translations, otherwise: text)
    }
}
