/// Suggestions for a misspelled name.
package enum NearNames {
    /// Returns up to three similar names, the closest first.
    package static func of(_ text: String, among names: [String]) -> [String] {
        let near = names.map { (name: $0, distance: distance(text, $0)) }
            .filter { $0.distance <= max(2, $0.name.count / 3) }
        // Names that share a long prefix are all similar, so only those almost as close as the closest are suggested.
        let limit = (near.map(\.distance).min() ?? 0) + 2
        return near.filter { $0.distance <= limit }.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3)
            .map(\.name)
    }

    /// Returns a question that suggests similar names, or nil if there are none.
    package static func hint(for text: String, among names: [String]) -> String? {
        let near = of(text, among: names)
        return near.isEmpty ? nil : "did you mean \(near.joined(separator: " or "))?"
    }

    /// Returns the Levenshtein distance.
    private static func distance(_ one: String, _ other: String) -> Int {
        // Bounds the cost. A text much longer than every name is not a misspelling.
        let (left, right) = (Array(one.prefix(100)), Array(other))
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let changed = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
