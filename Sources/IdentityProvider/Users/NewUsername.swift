/// A username that a user chose. Creating one checks it.
///
/// The rules are narrower than for administrators. Nobody can take another person's email address, which would keep
/// that person from signing up, or a name that looks like another one, or a name with a dot, which mail programs turn
/// into a link.
struct NewUsername: Sendable {
    let text: String

    /// Returns `nil` unless the name has 3 to 64 characters: ASCII letters and digits, and `_` and `-` between them.
    init?(_ typed: String) {
        let bytes = Array(typed.utf8)
        guard (3...64).contains(bytes.count), let first = bytes.first, let last = bytes.last,
            first.isASCIIAlphanumeric, last.isASCIIAlphanumeric,
            bytes.allSatisfy({ $0.isASCIIAlphanumeric || "_-".utf8.contains($0) })
        else { return nil }
        text = typed
    }
}
