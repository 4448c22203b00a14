package import FoundationEssentials

/// A pushed authorization request (RFC 9126 §2.2), already checked. Stored sealed.
struct PushedRequest: Codable, Sendable {
    /// The identifier that it is stored under. A row that was copied to another one doesn't count.
    let id: String
    let request: AuthorizationRequest
    /// From then on, no sign-in can begin with it.
    let expiresAt: Date

    private enum CodingKeys: String, CodingKey { case id, request, expiresAt }
}

extension PushedRequest: Digested {
    static let digestLabel = "PushedRequest"
}

package protocol PushedRequestStore: Sendable {
    /// Stores a sealed request under a digest of its `request_uri`. It may be removed after `expiry`.
    func save(_ sealed: [UInt8], as id: String, until expiry: Date) async throws
    func find(_ id: String) async throws -> [UInt8]?
    /// Removes the request. Of all concurrent calls for an identifier, across all nodes, exactly one returns `true`.
    func consume(_ id: String) async throws -> Bool
}
