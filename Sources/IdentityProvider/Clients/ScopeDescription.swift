/// Describes scopes for users.
extension ResourceCatalog {
    /// Returns the scopes grouped by resource server. The issuer's own scopes come first, without a server. A scope that
    /// several servers define is in the group of each: consent is stored by scope and covers all of them, even if the
    /// request names only one.
    func access(_ scope: Scope) -> [Page.Value] {
        let own = scope.intersection(.standard)
        let groups: [Page.Value] = servers.compactMap { server in
            let values = scope.values.filter(server.scopes.contains)
            guard !values.isEmpty else { return nil }
            var group: [String: Page.Value] = [
                "resource_server": server.shownName,
                "scopes": .list(values.map { .object(Self.entry($0, at: server)) }),
            ]
            group["resource_description"] = server.shownDescription
            return .object(group)
        }
        return (own.isEmpty ? [] : [["scopes": .list(own.values.map { Self.entry($0) })]]) + groups
    }

    /// Returns the scopes as one list, each entry with its server.
    func entries(_ scope: Scope) -> [Page.Value] {
        scope.values.flatMap { value -> [Page.Value] in
            guard !Scope.standard.contains(value) else { return [Self.entry(value)] }
            return servers(with: value).map { server in
                var entry = Self.entry(value, at: server)
                entry["server"] = server.shownName
                entry["server_description"] = server.shownDescription
                return .object(entry)
            }
        }
    }

    /// Returns the entry of one of the issuer's own scopes. Text: `scope_SCOPE`.
    private static func entry(_ scope: String) -> Page.Value { ["scope": .text(scope), "is_\(scope)": true] }

    private static func entry(_ scope: String, at server: ResourceServer) -> [String: Page.Value] {
        var entry: [String: Page.Value] = ["scope": .text(scope), "is_other": true]
        entry["description"] = Page.Value(server.scopeDescriptions[scope], server.translations { $0.scopes[scope] })
        return entry
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
    fileprivate init?(_ text: String?, _ translations: [String: String]) {
        guard let text else { return nil }
        self = translations.isEmpty ? .text(text) : .translated(translations, otherwise: text)
    }
}
