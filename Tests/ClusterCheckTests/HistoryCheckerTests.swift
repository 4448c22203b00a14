import Testing

@testable import ClusterCheck

@Suite("What the cluster check detects in a history")
struct HistoryCheckerTests {
    private func failures(
        _ entries: [Entry], generation: Int? = 0, isActive: [Bool] = [true, true],
        _ disturbances: [HistoryChecker.Disturbance] = []
    ) -> [String] {
        var final = FinalState()
        final.generations[1] = .some(generation)
        final.isActive[1] = isActive
        return HistoryChecker(entries, final, disturbances: disturbances).checks
            .filter { !$0.violations.isEmpty }.map(\.name)
    }

    private func entry(
        _ operation: Entry.Operation, _ outcome: Entry.Outcome, at time: Double, node: Int = 1
    ) -> Entry {
        Entry(1, on: node, operation, outcome, from: time, to: time + 0.1)
    }

    private var redeemed: Entry { entry(.redeem, .acknowledged, at: 0) }

    @Test("a correct history has no findings")
    func good() {
        let history = [redeemed, entry(.refresh(0), .acknowledged, at: 1), entry(.introspect, .acknowledged, at: 2)]
        #expect(failures(history, generation: 1).isEmpty)
        // Retries of one generation, and one with an unknown outcome.
        let retries =
            history + [
                entry(.refresh(0), .acknowledged, at: 1, node: 2), entry(.refresh(1), .unknown, at: 3),
            ]
        #expect(failures(retries, generation: 1).isEmpty)
        #expect(failures(retries, generation: 2).isEmpty)
    }

    @Test("a code redeemed at two nodes is detected")
    func twice() {
        let history = [redeemed, entry(.redeem, .acknowledged, at: 0, node: 2)]
        #expect(failures(history).contains("no code was redeemed twice"))
    }

    @Test("a generation that was issued twice, or never, is detected")
    func generation() {
        let history = [redeemed, entry(.refresh(0), .acknowledged, at: 1)]
        #expect(failures(history, generation: 2) == ["no refresh generation was issued twice"])
        #expect(failures(history, generation: 0) == ["no refresh generation was issued twice"])
    }

    @Test("an acknowledged write that was lost is detected")
    func lost() {
        #expect(failures([redeemed, entry(.refresh(0), .refused, at: 1)]) == ["nothing acknowledged was lost"])
        #expect(failures([redeemed, entry(.introspect, .refused, at: 1)]) == ["nothing acknowledged was lost"])
        #expect(failures([redeemed], generation: nil) == ["nothing acknowledged was lost"])
        #expect(failures([redeemed], isActive: [false, false]) == ["nothing acknowledged was lost"])
    }

    @Test("a revoked item that works again is detected")
    func back() {
        let history = [redeemed, entry(.revoke, .acknowledged, at: 1)]
        #expect(failures(history, isActive: [false, false]).isEmpty)
        #expect(failures(history, isActive: [true, true]) == ["nothing revoked came back"])
        let refreshed = history + [entry(.refresh(0), .acknowledged, at: 1.2)]
        #expect(failures(refreshed, generation: 1, isActive: [false, false]) == ["nothing revoked came back"])
        // An undisturbed node may take a second to learn of it.
        let late = history + [entry(.introspect, .acknowledged, at: 3, node: 2)]
        #expect(failures(late, isActive: [false, false]) == ["nothing revoked came back"])
        let disturbed = HistoryChecker.Disturbance(node: 2, from: 2, to: 4)
        #expect(failures(late, isActive: [false, false], [disturbed]).isEmpty)
        let soon = history + [entry(.introspect, .acknowledged, at: 1.5, node: 2)]
        #expect(failures(soon, isActive: [false, false]).isEmpty)
    }

    @Test("reuse of a code revokes what its first use granted")
    func secondUse() {
        let history = [redeemed, entry(.redeem, .refused, at: 0.5, node: 2)]
        #expect(failures(history, isActive: [false, false]).isEmpty)
        #expect(failures(history, isActive: [true, true]) == ["nothing revoked came back"])
        // Whether a request without a response was a second use is unknown.
        let uncertain = [redeemed, entry(.redeem, .unknown, at: 0.5, node: 2)]
        #expect(failures(uncertain, isActive: [false, false]).isEmpty)
        #expect(failures(uncertain, isActive: [true, true]).isEmpty)
    }

    @Test("nodes that disagree are detected")
    func disagreement() {
        let history = [redeemed, entry(.revoke, .unknown, at: 1)]
        #expect(failures(history, isActive: [true, false]) == ["the nodes agree at the end"])
    }
}
