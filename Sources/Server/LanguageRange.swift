/// Language negotiation: picks an available language that the user reads (RFC 9110 §12.5.4, RFC 4647 §3).
enum LanguageRange {
    /// The number of languages considered. Users list a handful; the rest of a long list is noise.
    private static let wishLimit = 32
    /// The maximum length of a language tag in characters (RFC 5646 §4.4.1).
    private static let tagLimit = 35

    /// Returns the languages of an `Accept-Language` field, most preferred first.
    static func parse(_ field: String) -> [String] {
        var wishes: [(language: String, quality: Double)] = []
        for item in field.split(separator: ",").prefix(wishLimit) {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let language = parts.first else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            let quality = weight.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if quality > 0, quality <= 1 { wishes.append((language, quality)) }
        }
        // Ties keep their order in the field, which `sort` does not guarantee.
        return wishes.enumerated()
            .sorted { ($1.element.quality, $0.offset) < ($0.element.quality, $1.offset) }
            .map(\.element.language)
    }

    /// Returns the best match for the first preference that can be met: the language itself if its region is
    /// unavailable (lookup, §3.4), or any region of the language (basic filtering, §3.3.1). Returns `nil` if no
    /// preference can be met, or if `*` is reached first.
    static func choose(from available: [String], _ wishes: [String]) -> String? {
        for wish in wishes.prefix(2 * wishLimit) where wish.utf8.count <= tagLimit {
            var tag = Substring(wish.lowercased())
            if tag == "*" { return nil }
            if let region = available.first(where: { $0.lowercased().hasPrefix(tag + "-") }),
                !available.contains(where: { $0.lowercased() == tag })
            {
                return region
            }
            while !tag.isEmpty {
                if let match = available.first(where: { $0.lowercased() == tag }) { return match }
                tag = tag.lastIndex(of: "-").map { tag[..<$0] } ?? ""
            }
        }
        return nil
    }
}
