/// What somebody may have meant by a name that there is not.
enum NearNames {
    /// The three nearest, the nearest first; none that is quite another word.
    static func of(_ text: String, among names: [String]) -> [String] {
        let near = names.map { (name: $0, distance: distance(text, $0)) }
            .filter { $0.distance <= max(2, $0.name.count / 3) }
        return near.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// How many letters must be put in, taken out or changed to make one text of the other (Levenshtein).
    private static func distance(_ one: String, _ other: String) -> Int {
        // A text that is much longer than any name is no misspelling of it.
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
