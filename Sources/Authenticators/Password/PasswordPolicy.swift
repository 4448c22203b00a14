/// What a new password must be: long enough, and none that is guessed first (NIST SP 800-63B-4 §3.1.1.2). Nothing is asked
/// of its composition, which makes passwords harder to remember and no harder to guess.
package enum PasswordPolicy {
    /// In code points.
    package static let length = 8...256

    /// `password` is in Unicode normalization form C. `names` are what anybody may know: of the user, and of the site.
    package static func check(_ password: String, names: [String]) throws(PasswordRefusal) {
        let count = password.unicodeScalars.count
        guard count >= length.lowerBound else { throw .tooShort }
        guard count <= length.upperBound else { throw .tooLong }
        let folded = password.lowercased()
        guard !names.contains(where: { $0.lowercased() == folded }) else { throw .known }
        guard !CommonPasswords.all.contains(folded) else { throw .common }
    }
}

/// Why a password cannot be taken.
package enum PasswordRefusal: String, Error, Sendable {
    case tooShort = "too_short"
    case tooLong = "too_long"
    /// It is the user's name or address, or the site's name.
    case known = "known"
    /// Many people have it.
    case common = "common"
}
