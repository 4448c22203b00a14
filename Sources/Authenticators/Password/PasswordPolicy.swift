/// The rules for new passwords: long enough, and not among the first that attackers guess (NIST SP 800-63B-4 §3.1.1.2).
/// There are no composition rules, which make passwords harder to remember and no harder to guess.
package enum PasswordPolicy {
    /// In code points.
    package static let length = 8...256

    /// `password` must be in Unicode normalization form C. `names` are easily guessed names of the user and the site.
    package static func check(_ password: String, names: [String]) throws(PasswordRefusal) {
        let count = password.unicodeScalars.count
        guard count >= length.lowerBound else { throw .tooShort }
        guard count <= length.upperBound else { throw .tooLong }
        let folded = password.lowercased()
        guard !names.contains(where: { $0.lowercased() == folded }) else { throw .known }
        guard !CommonPasswords.all.contains(folded) else { throw .common }
    }
}

/// Why a password was refused.
package enum PasswordRefusal: String, Error, Sendable {
    case tooShort = "too_short"
    case tooLong = "too_long"
    /// The user's name or address, or the site's name.
    case known = "known"
    /// A password that many people use.
    case common = "common"
}
