import Foundation
import Glibc
import IdentityProvider
import JOSE
import MariaDBDriver
import SQLStorage
import Synchronization
import TestSupport

/// The speed of refreshes with rotation on MariaDB, next to a plain loop over the same library that commits one row at
/// a time. Both run together, because machines differ and are shared.
@main
struct StorageBenchmark {
    private static let width = 16
    private static let seconds = 1.0
    private static let rounds = 9

    /// The statement of a rotation.
    private static let rotationByHand = """
        UPDATE authorizations SET generation = generation + 1, rotated_at = 1, expires_at = expires_at + 1
        WHERE issuer = 'https://id.example.com' AND id = CONCAT('plain-', ?) AND generation >= 0
            AND revoked_at IS NULL AND expires_at > 1
        """

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
            INSERT INTO plain SELECT seq, 0 FROM seq_0_to_255;
            INSERT INTO authorizations (issuer, id, client_id, user_id, session_id, is_offline, granted, generation,
                rotated_at, revoked_at, expires_at) SELECT issuer, REPLACE(id, 'authorization', 'plain'), client_id, user_id,
                session_id, is_offline, granted, generation, rotated_at, revoked_at, expires_at FROM authorizations
            """)
        print(
            "\(width) connections, MariaDB over loopback TCP, every commit on the disk; a second each, many times over")
        print("one-row commits per second    plain   the same update   rotation   refresh with its reads")
        var ratios: [(alike: Double, rotation: Double, refresh: Double)] = []
        for _ in 0..<rounds {
            let plain = try PlainLoop(port: server.port, statement: "UPDATE plain SET n = n + 1 WHERE id = ?")
                .rate(width: width, seconds: seconds)
            let alike = try PlainLoop(port: server.port, statement: rotationByHand)
                .rate(width: width, seconds: seconds)
            let rotation = try await rate { try await rotate(example($0), $0, stores) }
            let refresh = try await rate { number in
                // All storage work of a refresh.
                guard let stored = try await stores.authorizations.find(example(number).id) else {
                    throw Unexpected("the authorization was revoked")
                }
                _ = try await stores.users.find(Identifier(rawValue: "user-\(number)"))
                try await rotate(stored, number, stores)
            }
            ratios.append((alike / plain, rotation / plain, refresh / plain))
            print(String(format: "%33.0f %17.0f %10.0f %24.0f", plain, alike, rotation, refresh))
        }
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        print(
            String(
                format:
                    "median ratio to plain: the same update by hand %.2f, rotation %.2f, refresh with its reads %.2f",
                median(ratios.map(\.alike)), median(ratios.map(\.rotation)), median(ratios.map(\.refresh))))
        try await latency(stores, server)
        await database.close()
        try server.stop()
    }

    private static let start = Date()

    private static func example(_ number: Int) -> Authorization {
        Authorization(
            id: Identifier(rawValue: "authorization-\(number)"),
            granted: Granted(
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
            _ = try await stores.authorizations.create(example(number), interest: nil, at: Date())
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

    /// Returns the operations per second of `width` tasks.
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

    /// Measures single reads and writes, with and without 200,000 expired rows being removed.
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
            _ = try await stores.singleUse.consume(UUID().uuidString, for: .clientAssertion, until: Date() + 600)
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
