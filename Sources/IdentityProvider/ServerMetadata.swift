package import JOSE

/// The server metadata (RFC 8414 §2; OpenID Connect Discovery §3). Each topic and endpoint adds its own members.
package struct ServerMetadata: Sendable {
    private let issuer: Issuer
    let mutualTLS: MutualTLS?
    private var members: JSONObject

    init(_ settings: Settings, describing topics: [any Topic]) {
        issuer = settings.issuer
        mutualTLS = settings.mutualTLS
        members = ["issuer": .string(issuer.identifier)]
        for topic in topics { topic.describe(in: &self) }
        mutualTLS?.describe(in: &self, of: issuer)
    }

    package subscript(name: String) -> JSON? {
        get { members[name] }
        set { members[name] = newValue }
    }

    package func url(_ path: Path) -> JSON { .string(issuer.url(path)) }

    /// Returns the document. `scopes` and `detailsTypes` are those of the resource servers, `claims` those of the
    /// attributes; the standard ones are added.
    func document(scopes: [String], detailsTypes: [String] = [], claims: [String] = []) -> JSONObject {
        var document = members
        if let standard = members["claims_supported"]?.array {
            document["claims_supported"] = .array(standard + claims.map(JSON.string))
        }
        document["scopes_supported"] = .array(Scope.standard.union(Scope(scopes)).values.map(JSON.string))
        // RFC 9396 §10.
        if !detailsTypes.isEmpty {
            document["authorization_details_types_supported"] = .array(detailsTypes.map(JSON.string))
        }
        return document
    }
}
