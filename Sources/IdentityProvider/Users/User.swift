// Foundation, not FoundationEssentials: Unicode normalization is only there.
package import Foundation
package import JOSE

/// A person with an account.
package struct User: Sendable, Hashable {
    package let id: Identifier<User>
    package var username: String
    package var email: String?
    package var isEmailVerified: Bool
    /// In PHC string form; `nil` when the person has no password.
    package var passwordHash: String?
    /// The standard claims beyond those above, as they stand in a token (OpenID Connect Core §5.1).
    package var claims: JSONObject
    package var roles: [String]
    package var groups: [String]
    package var isDisabled: Bool
    package var createdAt: Date
    package var updatedAt: Date
    /// Raised when all of the user's sessions end: a sign-in that began before is void. Only the store changes it.
    package let sessionGeneration: Int
    /// When the password was last reset by mail, unless it was set in another way since. Only the store changes it.
    package let passwordMailedAt: Date?

    package init(
        id: Identifier<User> = .random(), username: String, email: String? = nil, isEmailVerified: Bool = false,
        passwordHash: String? = nil, claims: JSONObject = [:], roles: [String] = [], groups: [String] = [],
        isDisabled: Bool = false, createdAt: Date, updatedAt: Date, sessionGeneration: Int = 0,
        passwordMailedAt: Date? = nil
    ) {
        self.id = id
        self.username = username
        self.email = email
        self.isEmailVerified = isEmailVerified
        self.passwordHash = passwordHash
        self.claims = claims
        self.roles = roles
        self.groups = groups
        self.isDisabled = isDisabled
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.sessionGeneration = sessionGeneration
        self.passwordMailedAt = passwordMailedAt
    }
}

extension User {
    /// How a name that a person types is compared: without regard to case or Unicode form, so that nobody can take a
    /// name that looks the same.
    package static func key(of name: String) -> String {
        name.precomposedStringWithCanonicalMapping.lowercased().precomposedStringWithCanonicalMapping
    }
}

extension User {
    /// What a person is called on their own pages.
    package var displayName: String { claims["name"]?.string ?? username }
}
