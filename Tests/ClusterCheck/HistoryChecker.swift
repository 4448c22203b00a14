/// Searches a history for violations that no failure excuses. Pure, so that tests can show that it finds them.
package struct HistoryChecker {
    private let entries: [Int: [Entry]]
    private let final: FinalState
    /// Nodes that were killed or stopped, and when. Their responses at that time are not judged.
    private let disturbances: [Disturbance]

    package struct Disturbance: Sendable {
        let node: Int
        let began: Double
        let ended: Double

        package init(node: Int, from began: Double, to ended: Double) {
            self.node = node
            self.began = began
            self.ended = ended
        }
    }

    /// The time in which an undisturbed node must see what another one acknowledged, in seconds.
    private static let patience = 1.0

    package init(_ entries: [Entry], _ final: FinalState, disturbances: [Disturbance] = []) {
        self.entries = Dictionary(grouping: entries, by: \.authorization)
        self.final = final
        self.disturbances = disturbances
    }

    package struct Check: Sendable {
        package let name: String
        package let violations: [String]
    }

    package var checks: [Check] {
        [
            check("no code was redeemed twice", redeemedTwice),
            check("no refresh generation was issued twice", generations),
            check("nothing acknowledged was lost", lost),
            check("nothing revoked came back", cameBack),
            check("the nodes agree at the end", disagreement),
        ]
    }

    private func check(_ name: String, _ find: (Int, [Entry]) -> String?) -> Check {
        let violations = entries.keys.sorted().compactMap { key in
            find(key, entries[key] ?? []).map { "authorization \(key): \($0)" }
        }
        return Check(name: name, violations: violations)
    }

    private func redeemedTwice(_: Int, _ entries: [Entry]) -> String? {
        let winners = entries.count { $0.operation == .redeem && $0.outcome == .acknowledged }
        return winners > 1 ? "\(winners) redemptions were acknowledged" : nil
    }

    /// The row counts rotations: one for each generation that was presented and acknowledged, however often it was
    /// presented, and one more at most if the outcome of the last one is unknown.
    private func generations(_ key: Int, _ entries: [Entry]) -> String? {
        guard let generation = final.generations[key] ?? nil else { return nil }
        let refreshes = entries.compactMap { entry in
            if case .refresh(let generation) = entry.operation { (generation, entry.outcome) } else { nil }
        }
        let acknowledged = Set(refreshes.filter { $0.1 == .acknowledged }.map(\.0))
        let uncertain = Set(refreshes.filter { $0.1 == .unknown }.map(\.0)).subtracting(acknowledged)
        guard (acknowledged.count...acknowledged.count + uncertain.count).contains(generation) else {
            return
                "generation \(generation) after \(acknowledged.count) refreshes and \(uncertain.count) uncertain ones"
        }
        return nil
    }

    /// When the authorization certainly ended, or may have ended.
    private func end(_ entries: [Entry]) -> (certain: Double?, possible: Double?) {
        let hasWinner = entries.contains { $0.operation == .redeem && $0.outcome == .acknowledged }
        let redemptions = entries.filter { $0.operation == .redeem }
        var enders = entries.filter { $0.operation == .revoke }
        // A second use of the code revokes what the first one granted.
        if hasWinner, redemptions.count > 1 { enders += redemptions.filter { $0.outcome != .acknowledged } }
        let certain = enders.filter { entry in
            entry.operation == .revoke ? entry.outcome == .acknowledged : entry.outcome == .refused
        }
        return (certain.map(\.ended).min(), enders.map(\.began).min())
    }

    private func lost(_ key: Int, _ entries: [Entry]) -> String? {
        guard entries.contains(where: { $0.operation == .redeem && $0.outcome == .acknowledged }) else { return nil }
        let possibleEnd = end(entries).possible ?? .infinity
        for entry in entries where entry.outcome == .refused && entry.ended < possibleEnd {
            switch entry.operation {
            case .refresh(let generation):
                return "node \(entry.node) refused generation \(generation) at \(entry.ended)"
            case .introspect: return "node \(entry.node) did not know its token at \(entry.ended)"
            case .redeem, .revoke: break
            }
        }
        guard possibleEnd == .infinity else { return nil }
        if final.generations[key] == .some(nil) { return "the row is gone" }
        if final.isActive[key]?.contains(false) == true { return "a node does not know its token" }
        return nil
    }

    private func cameBack(_ key: Int, _ entries: [Entry]) -> String? {
        guard let end = end(entries).certain else { return nil }
        for entry in entries where entry.outcome == .acknowledged && entry.began > end {
            switch entry.operation {
            case .refresh(let generation):
                return "node \(entry.node) took generation \(generation) at \(entry.began), after it ended at \(end)"
            case .introspect where entry.began > end + Self.patience && !isDisturbed(entry):
                return "node \(entry.node) called it active at \(entry.began), after it ended at \(end)"
            case .introspect, .redeem, .revoke: break
            }
        }
        return final.isActive[key]?.contains(true) == true ? "a node calls it active at the end" : nil
    }

    private func disagreement(_ key: Int, _: [Entry]) -> String? {
        Set(final.isActive[key] ?? []).count > 1 ? "\(final.isActive[key] ?? [])" : nil
    }

    private func isDisturbed(_ entry: Entry) -> Bool {
        disturbances.contains { $0.node == entry.node && $0.began <= entry.ended && entry.began <= $0.ended }
    }
}
