/// A claim that carries the value of an attribute, and who gets it. All conditions that are given must hold.
package struct AttributeClaim: Sendable, Hashable, Codable {
    package let name: String
    /// The scope value that releases the claim at the userinfo endpoint, and in ID Tokens that have claims of the scope
    /// or for which it is requested. Without one, only access tokens carry it.
    package let scope: String?
    /// The only clients that get the claim; empty for all.
    package let clients: [String]
    /// The resource servers whose access tokens carry the claim. They need `scope` as well, if there is one.
    package let resourceServers: [String]

    private enum CodingKeys: String, CodingKey { case name, scope, clients, resourceServers }

    package init(_ name: String, scope: String? = nil, clients: [String] = [], resourceServers: [String] = []) {
        self.name = name
        self.scope = scope
        self.clients = clients
        self.resourceServers = resourceServers
    }

    func isFor(_ client: Identifier<Client>) -> Bool { clients.isEmpty || clients.contains(client.rawValue) }

    /// Whether `scope` releases the claim to a client.
    func isReleased(by scope: Scope) -> Bool { self.scope.map(scope.contains) ?? false }

    /// Whether access tokens with this scope and audience carry the claim. A resource server never receives a claim
    /// that is not configured for it.
    func isCarried(with scope: Scope, to audience: [String]) -> Bool {
        !audience.isEmpty && audience.allSatisfy(resourceServers.contains) && (self.scope.map(scope.contains) ?? true)
    }
}
