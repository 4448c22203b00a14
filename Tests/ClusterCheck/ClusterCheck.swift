import Foundation
import Glibc
import IdentityProvider
import JOSE
import MariaDBDriver
import SQLStorage
import TestSupport

/// Runs Martlet on a Galera cluster with failing nodes, and checks from the responses that no invariant was
/// violated.
@main
struct ClusterCheck {
    static func main() async {
        do {
            let failures = try await ClusterCheck().run()
            exit(failures == 0 ? 0 : 1)
        } catch {
            print("error: \(error)")
            exit(1)
        }
    }

    private let recorder = Recorder()

    private func say(_ text: String) {
        print(String(format: "%6.1f s  ", recorder.now) + text)
        fflush(nil)
    }

    private func run() async throws -> Int {
        say("starting three Galera nodes")
        let databases = try GaleraCluster()
        for node in 1...3 { try await databases.start(node, isFirst: node == 1) }
        try databases.prepare()
        say("starting a Martlet at each node")
        let folder = try Folder()
        let receiver = try LogoutReceiver(in: folder.url, issuer: "", verifies: false)
        try receiver.start()
        let cluster = try await MartletNodes(storage: (1...3).map(databases.url), logoutURI: receiver.uri)
        let holdings = Holdings()
        let departures = Departures(cluster: cluster)
        let visitor = Visitor(cluster: cluster, recorder: recorder, held: holdings)
        let visitors = Task {
            await withTaskGroup { group in
                for _ in 0..<6 { group.addTask { await visitor.run() } }
                for _ in 0..<2 { group.addTask { await departures.run() } }
            }
        }
        let disturbances = try await disturb(databases, cluster, receiver)
        visitors.cancel()
        await visitors.value
        say("reading the final state")
        let final = try await finalState(databases, visitor, holdings.all)
        let departed = await departures.checks(of: receiver)
        let checker = HistoryChecker(recorder.all, final, disturbances: disturbances)
        try await cluster.stop()
        return report(checker.checks + departed + activity(disturbances))
    }

    /// Stops and kills nodes while visitors come and go.
    private func disturb(
        _ databases: GaleraCluster, _ cluster: MartletNodes, _ receiver: LogoutReceiver
    ) async throws -> [HistoryChecker.Disturbance] {
        var disturbances: [HistoryChecker.Disturbance] = []
        say("calm: visitors on all nodes")
        try await Task.sleep(for: .seconds(15))
        say("the client that takes logout tokens is killed")
        receiver.kill()
        say("node 3 is killed")
        var began = recorder.now
        try databases.kill9(3)
        try await Task.sleep(for: .seconds(10))
        say("the client comes back")
        try receiver.start()
        say("node 3 comes back")
        try await databases.start(3)
        try await until("its Martlet serves again") { await cluster.isReady(cluster.servers[2]) }
        disturbances.append(.init(node: 3, from: began, to: recorder.now))
        say("node 3 serves again")
        try await Task.sleep(for: .seconds(8))
        say("node 2 is paused for ten seconds")
        began = recorder.now
        try databases.send(SIGSTOP, to: 2)
        try await Task.sleep(for: .seconds(10))
        try databases.send(SIGCONT, to: 2)
        say("node 2 continues")
        try await until("node 2 is part of the cluster again", seconds: 120) { try await databases.isSynced(2) }
        try await until("its Martlet serves again") { await cluster.isReady(cluster.servers[1]) }
        // The node takes a moment to notice that it was frozen.
        try await Task.sleep(for: .seconds(3))
        disturbances.append(.init(node: 2, from: began, to: recorder.now))
        say("node 2 serves again")
        try await Task.sleep(for: .seconds(8))
        say("the first Martlet is killed")
        cluster.servers[0].program.signal(SIGKILL)
        try await Task.sleep(for: .seconds(5))
        return disturbances
    }

    private func finalState(_ databases: GaleraCluster, _ visitor: Visitor, _ kept: [Held]) async throws -> FinalState {
        var final = FinalState()
        let database = try databases.database(1)
        let stores = SQLBackend(database).stores(for: try Issuer(visitor.cluster.issuer))
        for held in kept {
            let id = try JWTClaims.of(held.accessToken)["jti"]?.string?.prefix { $0 != "." } ?? ""
            final.generations[held.number] =
                .some(try await stores.authorizations.find(Identifier(rawValue: String(id)))?.generation)
            // The first Martlet was killed.
            for server in visitor.cluster.servers.dropFirst() {
                guard let isActive = await visitor.introspect(held, on: server, visitor.cluster.browser()) else {
                    throw Unexpected("a node does not respond although no node is disturbed")
                }
                final.isActive[held.number, default: []].append(isActive)
            }
        }
        await database.close()
        return final
    }

    /// Checks that the run tested anything at all.
    private func activity(_ disturbances: [HistoryChecker.Disturbance]) -> [HistoryChecker.Check] {
        let entries = recorder.all
        let writes = entries.filter { $0.outcome == .acknowledged && $0.operation != .introspect }
        let counts = (1...3).map { node in writes.count { $0.node == node } }
        let ended = entries.count { $0.operation == .revoke && $0.outcome == .acknowledged }
        let lost = entries.count { $0.outcome == .unknown }
        say("acknowledged writes by node: \(counts); revoked \(ended); without a response \(lost)")
        return [
            HistoryChecker.Check(
                name: "every node acknowledged many writes",
                violations: counts.contains { $0 < 100 } ? ["\(counts)"] : []),
            HistoryChecker.Check(name: "many authorizations were revoked", violations: ended < 50 ? ["\(ended)"] : []),
            HistoryChecker.Check(
                name: "the disturbances had an effect", violations: lost == 0 ? ["every request got a response"] : []),
        ]
    }

    private func report(_ checks: [HistoryChecker.Check]) -> Int {
        for check in checks {
            print("\(check.violations.isEmpty ? "passed" : "FAILED")  \(check.name)")
            for violation in check.violations.prefix(10) { print("        \(violation)") }
        }
        let failed = checks.count { !$0.violations.isEmpty }
        if failed > 0, let data = try? JSONEncoder().encode(recorder.all) {
            let file = FileManager.default.temporaryDirectory.appending(path: "martlet-cluster-history.json")
            try? data.write(to: file)
            print("Complete history: \(file.path())")
        }
        print("\(checks.count - failed) passed, \(failed) failed")
        return failed
    }
}
