/// A named set of permissions that users may hold.
package struct Role: Sendable, Hashable, Codable {
    package let name: String
    package var permissions: [String]

    package init(name: String, permissions: [String]) {
        self.name = name
        self.permissions = permissions
    }
}

package protocol RoleStore: Sendable {
    func all() async throws -> [Role]
    func save(_ role: Role) async throws
    func delete(_ name: String) async throws
}
