/// People who hold the same roles.
package struct Group: Sendable, Hashable, Codable {
    package let name: String
    /// What it is for, to people.
    package var description: String?
    /// What every member holds beside their own roles.
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
    /// All groups in the order of their names.
    func all() async throws -> [Group]
    /// Inserts or replaces.
    func save(_ group: Group) async throws
    /// Edits the group as it is stored at that moment. Returns what became of it; `nil` when there is no such group, or
    /// nothing to change.
    func change(_ name: String, _ edit: @escaping @Sendable (inout Group) -> Void) async throws -> Group?
    func delete(_ name: String) async throws
}
