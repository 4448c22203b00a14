import JOSE

/// How a member of a token request may differ from what was granted (RFC 9396 §6.1).
enum DetailNarrowing: Sendable {
    case equal
    /// Some of the items, in any order. Never none, because an API may take an empty list for everything.
    case subset
    /// The same number or a smaller one.
    case atMost

    static let words: KeyValuePairs<String, DetailNarrowing> = ["equal": .equal, "subset": .subset, "at_most": .atMost]
}

extension DetailSchema {
    /// Whether `requested` grants no more than `granted`. Both fit the schema. A member that only one of them has makes
    /// them differ, because leaving one out may mean more or less.
    func permits(_ requested: JSON, within granted: JSON) -> Bool {
        switch (kind, requested, granted) {
        case (.object(let properties), .object(let requested), .object(let granted)):
            properties.allSatisfy { property in
                switch (requested[property.name], granted[property.name]) {
                case (nil, nil): true
                case (let requested?, let granted?): property.schema.permits(requested, within: granted)
                case (nil, _?), (_?, nil): false
                }
            }
        case (.array, .array(let requested), .array(let granted)) where narrowing == .subset:
            requested.isEmpty == granted.isEmpty
                && requested.allSatisfy { item in granted.contains(where: item.isExactly) }
        case (.number, _, _) where narrowing == .atMost:
            (requested.quantity ?? .infinity) <= (granted.quantity ?? -.infinity)
        default: requested.isExactly(granted)
        }
    }
}

extension ResourceCatalog {
    /// Whether each requested detail is within another granted one. None counts twice, because two payments of the
    /// granted amount are more than one.
    func permits(_ requested: AuthorizationDetails, within granted: AuthorizationDetails) -> Bool {
        // Pairs them by augmenting paths: a detail that was paired first may have to make room.
        var holders: [Int: Int] = [:]
        func pair(_ index: Int, _ seen: inout Set<Int>) -> Bool {
            for (candidate, detail) in granted.items.enumerated()
            where permits(requested.items[index], within: detail) && seen.insert(candidate).inserted {
                if let holder = holders[candidate], !pair(holder, &seen) { continue }
                holders[candidate] = index
                return true
            }
            return false
        }
        return requested.items.indices.allSatisfy { index in
            var seen: Set<Int> = []
            return pair(index, &seen)
        }
    }

    private func permits(_ requested: AuthorizationDetail, within granted: AuthorizationDetail) -> Bool {
        guard requested.type.isExactly(granted.type) else { return false }
        let (left, right) = (JSON.object(requested.members), JSON.object(granted.members))
        return left.isExactly(right)
            || declaration(of: requested.type)?.type.schema.permits(left, within: right) == true
    }
}
