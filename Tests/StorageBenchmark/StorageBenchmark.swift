import Foundation
import Glibc
import IdentityProvider
import JOSE
import MariaDBDriver
import SQLStorage
import Synchronization
import TestSupport

/// How fast refreshes with rotation are on MariaDB, beside a plain loop over the same library that commits one row at a
/// time: both in one run, because machines differ and are shared.
@main
struct StorageBenchmark {
    private static let width = 16
    private static let seconds = 4.0

    static func main() async throws {
        // As in production: every commit reaches the disk.
        let server = try MariaDBServer(["--innodb-flush-method=fsync", "--innodb-flush-log-at-trx-commit=1"])
        let settings = try server.settings("benchmark", options: "?connections=\(width)")
        let database = MariaDBDatabase(settings)
        let backend = SQLBackend(database)
        _ = try await backend.migrate()
        let stores = backend.stores(for: try Issuer("https://id.example.com"))
        try await prepare(stores)
        try server.run(
            """
            USE benchmark;
            CREATE TABLE plain (id BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL) ENGINE = InnoDB;
            INSERT INTO plain SELECT seq, 0 FROM seq_0_to_255
            """)
        print("\(width) connections, \(Int(seconds)) seconds each, durable commits, MariaDB over loopback TCP")
        var ratios: [(rotation: Double, refresh: Double)] = []
        for round in 1...3 {
            let plain = try PlainLoop(port: server.port).rate(width: width, seconds: seconds)
            let rotation = try await rate { try await rotate(example($0), $0, stores) }
            let refresh = try await rate { number in
                // What a refresh asks of the storage, in all.
                guard let stored = try await stores.authorizations.find(example(number).id) else {
                    throw Unexpected("the authorization is gone")
                }
                _ = try await stores.users.find(Identifier(rawValue: "user-\(number)"))
                try await rotate(stored, number, stores)
            }
            ratios.append((rotation / plain, refresh / plain))
            print(
                String(
                    format: "round %d: plain %.0f/s, rotation %.0f/s (%.2f), refresh with its reads %.0f/s (%.2f)",
                    round,
                    plain, rotation, rotation / plain, refresh, refresh / plain))
        }
        try await latency(stores, server)
        await database.close()
        try server.stop()
    }

    private static let start = Date()

    private static func example(_ number: Int) -> Authorization {
        Authorization(
            id: Identifier(rawValue: "authorization-\(number)"),
            grant: Granted(
                client: Identifier(rawValue: "web"), user: Identifier(rawValue: "user-\(number)"), session: nil,
                scope: ["openid"], resources: [], nonce: nil, authenticatedAt: start, amr: ["pwd"], acr: "1"),
            expiresAt: start + 86_400)
    }

    private static func prepare(_ stores: Stores) async throws {
        let now = Date()
        try await stores.clients.save(
            Client(["client_id": "web", "redirect_uris": ["https://shop.example/"]], secret: nil))
        for number in 0..<width {
            let user = Identifier<User>(rawValue: "user-\(number)")
            try await stores.users.save(User(id: user, username: "user-\(number)", createdAt: now, updatedAt: now))
            _ = try await stores.authorizations.begin(example(number))
        }
    }

    private static let generations = (0..<width).map { _ in Counter() }

    private static func rotate(_ stored: Authorization, _ number: Int, _ stores: Stores) async throws {
        let generation = generations[number].value
        let rotation = try await stores.authorizations.rotate(
            stored, from: generation, grace: 30, expiresAt: Date() + 86_400, at: Date())
        guard case .rotated = rotation else { throw Unexpected("\(rotation)") }
        generations[number].add(1)
    }

    /// Operations a second of `width` tasks.
    private static func rate(_ operation: @escaping @Sendable (Int) async throws -> Void) async throws -> Double {
        let start = ContinuousClock.now
        let counts = try await race(width) { number in
            var count = 0
            while ContinuousClock.now - start < .seconds(seconds) {
                try await operation(number)
                count += 1
            }
            return count
        }
        return Double(counts.reduce(0, +)) / ((ContinuousClock.now - start) / .seconds(1))
    }

    /// What single reads and writes take while 200,000 expired rows are removed, and without.
    private static func latency(_ stores: Stores, _ server: MariaDBServer) async throws {
        let before = try await percentiles(stores) { _ in true }
        try server.run(
            """
            USE benchmark;
            INSERT INTO spent SELECT 'https://id.example.com', 'jti', CONCAT('old', seq), 0
            FROM seq_1_to_200000
            """)
        let isDone = Atomic(false)
        async let removal: Void = {
            while try await stores.upkeep.removeExpired(before: Date(), limit: 500) > 0 {}
            isDone.store(true, ordering: .releasing)
        }()
        let during = try await percentiles(stores) { _ in !isDone.load(ordering: .acquiring) }
        try await removal
        print(
            String(
                format:
                    "milliseconds at one task, median and 99th of 100: calm %.2f %.2f, while 200,000 rows go %.2f %.2f",
                before.0, before.1, during.0, during.1))
    }

    private static func percentiles(
        _ stores: Stores, while isDue: (Int) -> Bool
    ) async throws -> (Double, Double) {
        var times: [Double] = []
        while times.count < 100 || (times.count < 3_000 && isDue(times.count)) {
            let start = ContinuousClock.now
            _ = try await stores.spent.spend(UUID().uuidString, for: .clientAssertion, until: Date() + 600)
            times.append((ContinuousClock.now - start) / .milliseconds(1))
        }
        times.sort()
        return (times[times.count / 2], times[times.count * 99 / 100])
    }
}

private final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add(_ number: Int) { count.add(number, ordering: .relaxed) }
}
