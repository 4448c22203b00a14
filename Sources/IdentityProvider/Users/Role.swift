/// A named set of permissions that users may hold.
package struct Role: Sendable, Hashable, Codable {
    package let name: String
    package var permissions: [String]
    /// The weakest sign-in that is enough for whoever has the role.
    package var minimumContext: AuthenticationContext?

    package init(name: String, permissions: [String], minimumContext: AuthenticationContext? = nil) {
        self.name = name
        self.permissions = permissions
        self.minimumContext = minimumContext
    }
}

package protocol RoleStore: Sendable {
    func all() async throws -> [Role]
    func save(_ role: Role) async throws
    func delete(_ name: String) async throws
}
