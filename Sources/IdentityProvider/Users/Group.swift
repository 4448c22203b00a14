/// A group of users who hold the same roles.
package struct Group: Sendable, Hashable, Codable {
    package let name: String
    /// A human-readable description.
    package var description: String?
    /// The roles that every member holds in addition to their own.
    package var roles: [String]

    private enum CodingKeys: String, CodingKey {
        case name, description, roles
    }

    package init(name: String, description: String? = nil, roles: [String] = []) {
        self.name = name
        self.description = description
        self.roles = roles
    }
}

package protocol GroupStore: Sendable {
    /// Returns all groups, sorted by name.
    func all() async throws -> [Group]
    /// Inserts or replaces `group`.
    func save(_ group: Group) async throws
    /// Applies `edit` to the stored group atomically. Returns the result, or `nil` if there is no such group or nothing
    /// changed.
    func change(_ name: String, _ edit: @escaping @Sendable (inout Group) -> Void) async throws -> Group?
    func delete(_ name: String) async throws
}
