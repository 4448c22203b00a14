import Foundation
import Glibc
import MariaDBDriver
import SQLStorage
import Synchronization
import TestSupport

/// Three Galera nodes on loopback, in a temporary folder.
final class GaleraCluster: Sendable {
    let folder: String
    private let port: Int
    private let lifelines = Mutex<[Int: (process: Process, pipe: Pipe)]>([:])

    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../Servers/galera").standardizedFileURL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "martlet-galera-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        port = try freePorts(30)
    }

    deinit {
        for node in 1...3 { stop(node) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    func start(_ node: Int, isFirst: Bool = false) async throws {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = Self.script
        process.arguments = [folder, String(node), String(port)] + (isFirst ? ["new"] : [])
        process.standardInput = pipe
        try process.run()
        lifelines.withLock { $0[node] = (process, pipe) }
        try await until("node \(node) is part of the cluster", seconds: 120) {
            guard process.isRunning else { throw Unexpected("node \(node) ended: see \(self.folder)/\(node)/log") }
            return try await self.isSynced(node)
        }
    }

    /// Creates the database and its user, once for all nodes.
    func prepare() throws {
        try run(
            1,
            """
            CREATE USER 'martlet'@'%' IDENTIFIED BY 'wing'; GRANT ALL ON *.* TO 'martlet'@'%';
            CREATE DATABASE martlet
            """)
    }

    func url(_ node: Int) -> String { "mariadb://martlet:wing@127.0.0.1:\(port + (node - 1) * 10)/martlet" }

    func database(_ node: Int) throws -> MariaDBDatabase { MariaDBDatabase(try MariaDBSettings(url(node))) }

    func isSynced(_ node: Int) async throws -> Bool {
        (try? MariaDBServer.value(
            "SELECT variable_value FROM information_schema.global_status WHERE variable_name = "
                + "'WSREP_LOCAL_STATE_COMMENT'", socket: "\(folder)/\(node)/socket")) == "Synced"
    }

    func send(_ signal: Int32, to node: Int) throws {
        let text = try String(contentsOfFile: "\(folder)/\(node)/pid", encoding: .utf8)
        guard let process = Int32(text.filter(\.isNumber)) else { throw Unexpected("node \(node) has no process") }
        kill(process, signal)
    }

    /// Kills the node, as a crash would.
    func kill9(_ node: Int) throws {
        try send(SIGKILL, to: node)
        stop(node)
    }

    private func stop(_ node: Int) {
        guard let lifeline = lifelines.withLock({ $0.removeValue(forKey: node) }) else { return }
        try? lifeline.pipe.fileHandleForWriting.close()
        lifeline.process.waitUntilExit()
    }

    private func run(_ node: Int, _ statements: String) throws {
        try MariaDBServer.run(statements, socket: "\(folder)/\(node)/socket")
    }
}

/// Returns the first of `count` consecutive ports that were free a moment ago.
private func freePorts(_ count: Int) throws -> Int {
    for _ in 0..<100 {
        let first = Int.random(in: 20_000...30_000)
        if (first..<first + count).allSatisfy(isFree) { return first }
    }
    throw Unexpected("no free ports")
}
