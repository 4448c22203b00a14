/// Which language a person reads (RFC 9110 §12.5.4, RFC 4647 §3.4).
enum LanguageRange {
    /// The languages of an `Accept-Language` field, most wanted first.
    static func parse(_ field: String) -> [String] {
        let wishes = field.split(separator: ",").prefix(32).enumerated().compactMap { index, item in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let language = parts.first else { return nil as (String, Double, Int)? }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return quality > 0 ? (language, quality, index) : nil
        }
        return wishes.sorted { ($0.1, -$0.2) > ($1.1, -$1.2) }.map(\.0)
    }

    /// The first wish that can be met, by the language itself where its region cannot.
    static func choose(from available: [String], _ wishes: [String]) -> String? {
        for wish in wishes {
            var tag = Substring(wish.lowercased())
            while !tag.isEmpty {
                if let match = available.first(where: { $0.lowercased() == tag }) { return match }
                tag = tag.lastIndex(of: "-").map { tag[..<$0] } ?? ""
            }
        }
        return nil
    }
}
