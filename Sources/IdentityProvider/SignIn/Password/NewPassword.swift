package import Authenticators

/// A password that meets the policy. Creating one checks it.
package struct NewPassword: Sendable {
    /// In Unicode normalization form C.
    package let text: String

    /// Checks `typed`, which must not be the user's name or address or `site`, the name of the site. Throws the rule
    /// that it violates.
    package init(_ typed: String, for user: User, site: String) throws(PasswordRefusal) {
        try self.init(typed, names: [user.username, user.email, site].compactMap(\.self))
    }

    /// Checks `typed`, which must not be one of `names`. Throws the rule that it violates.
    package init(_ typed: String, names: [String]) throws(PasswordRefusal) {
        text = Self.normalized(typed)
        try PasswordPolicy.check(text, names: names.map(Self.normalized))
    }

    /// The form that is hashed. Keyboards encode the same character in different ways that users can't see
    /// (NIST SP 800-63B-4 §3.1.1.2).
    package static func normalized(_ typed: String) -> String { typed.normalizedFormC }
}
