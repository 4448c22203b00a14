package import JOSE

/// What the issuer supports, in the names of RFC 8414 §2 and OpenID Connect Discovery §3. Endpoints and topics describe their part.
package struct ServerMetadata: Sendable {
    private let issuer: Issuer
    private var members: JSONObject

    init(_ issuer: Issuer, describing topics: [any Topic]) {
        self.issuer = issuer
        members = ["issuer": .string(issuer.identifier)]
        for topic in topics { topic.describe(in: &self) }
    }

    package subscript(name: String) -> JSON? {
        get { members[name] }
        set { members[name] = newValue }
    }

    /// The URL of an endpoint.
    package func url(_ path: Path) -> JSON { .string(issuer.url(path)) }

    /// The document. `scopes` of the resource servers are added to the standard ones.
    func document(scopes: [String]) -> JSONObject {
        var document = members
        document["scopes_supported"] = .array(Scope.standard.union(Scope(scopes)).values.map(JSON.string))
        return document
    }
}
