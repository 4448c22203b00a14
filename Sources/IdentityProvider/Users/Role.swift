/// A named set of permissions that users may hold.
package struct Role: Sendable, Hashable, Codable {
    package let name: String
    package var permissions: [String]
    /// The weakest authentication context allowed for a user with this role.
    package var minimumContext: AuthenticationContext?

    private enum CodingKeys: String, CodingKey {
        case name, permissions, minimumContext
    }

    package init(name: String, permissions: [String], minimumContext: AuthenticationContext? = nil) {
        self.name = name
        self.permissions = permissions
        self.minimumContext = minimumContext
    }
}

package protocol RoleStore: Sendable {
    func all() async throws -> [Role]
    /// Inserts or replaces `role`.
    func save(_ role: Role) async throws
    /// Applies `edit` to the stored role atomically. Returns the result, or `nil` if there is no such role or nothing
    /// changed.
    func change(_ name: String, _ edit: @escaping @Sendable (inout Role) -> Void) async throws -> Role?
    func delete(_ name: String) async throws
}
