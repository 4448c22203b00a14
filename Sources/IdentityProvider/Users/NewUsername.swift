/// A name that somebody chose for themselves. Its initialiser is the check.
///
/// It is narrower than what an administrator may give. Nobody can take somebody's address for a name, which would keep that
/// person from signing up, nor a name that looks like another's, nor one with a dot, of which mail programs make a link.
struct NewUsername: Sendable {
    let text: String

    /// `nil` unless it is 3 to 64 of the letters `a` to `z` of either case, digits, and `_` and `-` between them.
    init?(_ typed: String) {
        let bytes = Array(typed.utf8)
        guard (3...64).contains(bytes.count), let first = bytes.first, let last = bytes.last,
            first.isASCIIAlphanumeric, last.isASCIIAlphanumeric,
            bytes.allSatisfy({ $0.isASCIIAlphanumeric || "_-".utf8.contains($0) })
        else { return nil }
        text = typed
    }
}
