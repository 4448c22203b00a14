package import Authenticators
// Foundation, not FoundationEssentials: Unicode normalization is only there.
import Foundation

/// A password that somebody may have from now on. Its initialiser is the check.
package struct NewPassword: Sendable {
    /// In Unicode normalization form C.
    package let text: String

    /// `site` is the name on the pages.
    package init(_ typed: String, for user: User, site: String) throws(PasswordRefusal) {
        try self.init(typed, names: [user.username, user.email, site].compactMap(\.self))
    }

    /// `names` are what nobody's password may be.
    package init(_ typed: String, names: [String]) throws(PasswordRefusal) {
        text = Self.normalized(typed)
        try PasswordPolicy.check(text, names: names.map(Self.normalized))
    }

    /// As it is hashed: keyboards write one letter in several ways, and people do not see which
    /// (NIST SP 800-63B-4 §3.1.1.2).
    package static func normalized(_ typed: String) -> String { typed.precomposedStringWithCanonicalMapping }
}
