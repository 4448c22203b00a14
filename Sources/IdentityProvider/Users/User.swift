import Authenticators
package import FoundationEssentials
package import JOSE

/// A person with an account.
package struct User: Sendable, Hashable {
    package let id: Identifier<User>
    package var username: String
    package var email: String?
    package var isEmailVerified: Bool
    /// In PHC string format; `nil` if the user has no password.
    package var passwordHash: String?
    /// The standard claims beyond the properties above, as in a token (OpenID Connect Core §5.1).
    package var claims: JSONObject
    /// The values of declared attributes, by name.
    package var attributes: JSONObject
    package var roles: [String]
    package var groups: [String]
    package var isDisabled: Bool
    package var createdAt: Date
    package var updatedAt: Date
    /// Incremented when all of the user's sessions end, which voids sign-ins that began earlier. Only the store changes
    /// it.
    package let sessionGeneration: Int
    /// When the password was reset by email; `nil` if it has been set in another way since. Only the store changes it.
    package let passwordMailedAt: Date?

    package init(
        id: Identifier<User> = .random(), username: String, email: String? = nil, isEmailVerified: Bool = false,
        passwordHash: String? = nil, claims: JSONObject = [:], attributes: JSONObject = [:],
        roles: [String] = [], groups: [String] = [], isDisabled: Bool = false, createdAt: Date, updatedAt: Date,
        sessionGeneration: Int = 0, passwordMailedAt: Date? = nil
    ) {
        self.id = id
        self.username = username
        self.email = email
        self.isEmailVerified = isEmailVerified
        self.passwordHash = passwordHash
        self.claims = claims
        self.attributes = attributes
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
    /// Returns the form in which usernames and email addresses are compared: independent of case and Unicode form, so
    /// that nobody can register a name that looks the same.
    package static func key(of name: String) -> String {
        // The time that normalization takes grows with the square of the length. No stored name is longer.
        let name = name.utf8.count <= 1_024 ? name : String(decoding: name.utf8.prefix(1_024), as: UTF8.self)
        return name.normalizedFormC.lowercased().normalizedFormC
    }
}

extension User {
    /// The name shown to the user on their own pages.
    package var displayName: String { claims["name"]?.string ?? username }

    /// Whether `name` is the user's username or email address.
    func isNamed(_ name: String) -> Bool {
        let key = Self.key(of: name)
        return key == Self.key(of: username) || email.map(Self.key) == key
    }
}
