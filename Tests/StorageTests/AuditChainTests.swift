import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider
@testable import SQLStorage

/// The logs of several nodes on one database, and ways to tamper with its tables.
private struct Logs: Sendable {
    let database: any SQLDatabase
    let stores: Stores
    let clock = TestClock(moment)
    private let issuer: Issuer
    private let vault: KeyVault

    init(_ database: any SQLDatabase) async throws {
        let backend = SQLBackend(database)
        _ = try await backend.migrate()
        issuer = try Issuer("https://id.example.com")
        self.database = database
        stores = backend.stores(for: issuer)
        vault = try KeyVault(
            issuer, store: stores.dataKeys, masterKeys: MasterKeys(parsing: TestIssuer.masterKey),
            now: { [clock] in clock.now })
    }

    /// One run of the program.
    func node(retention: TimeInterval = 86_400) -> AuditLog {
        var settings = AuditSettings()
        settings.retention = retention
        return AuditLog(
            store: stores.audit, vault: vault, settings: settings, now: { [clock] in clock.now })
    }

    func verify(expecting heads: [AuditWitness] = []) async throws -> AuditReport {
        try await AuditSealer(vault).verify(stores.audit, expecting: heads, retention: 86_400)
    }

    func findings() async throws -> [AuditFinding] { try await verify().findings }

    @discardableResult
    func tamper(_ statement: SQLStatement, _ values: [SQLValue] = []) async throws -> Int {
        try await database.transaction { try $0.execute(statement, values) }
    }

    /// Records a chain with its beginning and `count` further records.
    func chain(_ count: Int, of log: AuditLog? = nil) async throws -> Identifier<AuditNode> {
        let log = log ?? node()
        for number in 0..<count { log.record(.recoveryCodesMade(count: number), user: User.alice) }
        try await log.flush()
        var query = AuditQuery()
        query.limit = 10_000
        return try #require(try await stores.audit.find(query).last).node
    }
}

@Suite("The audit log reveals tampering")
struct AuditChainTests {
    private func onEach(_ backend: StorageBackend, _ body: (Logs) async throws -> Void) async throws {
        try await backend.withDatabase { try await body(Logs($0)) }
    }

    @Test("an untouched log verifies, however many nodes wrote it concurrently", arguments: StorageBackend.all)
    fileprivate func whole(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            _ = try await race(6) { _ in
                let log = logs.node()
                _ = try await race(8) { _ in
                    for _ in 0..<10 {
                        log.record(.signedOut, user: User.alice)
                        try await log.flush()
                    }
                }
                await log.close()
            }
            let report = try await logs.verify()
            #expect(report.findings == [])
            #expect(report.heads.count == 6)
            // The beginning, the end, and the recorded events.
            #expect(report.records == 6 * (80 + 2))
        }
    }

    @Test("a changed record is detected", arguments: StorageBackend.all)
    fileprivate func changed(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let node = try await logs.chain(5)
            let count = try await logs.tamper(
                "UPDATE audit_records SET document = REPLACE(document, 'alice-id', 'bob-id') WHERE sequence = 3")
            #expect(count == 1)
            #expect(try await logs.findings() == [.changed(AuditPlace(node, 3))])
        }
    }

    @Test("a changed search column is detected", arguments: StorageBackend.all)
    fileprivate func columns(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let node = try await logs.chain(5)
            #expect(try await logs.tamper("UPDATE audit_records SET user_id = 'bob-id' WHERE sequence = 3") == 1)
            #expect(try await logs.tamper("UPDATE audit_records SET recorded_at = 1 WHERE sequence = 4") == 1)
            #expect(
                try await logs.findings() == [
                    .columnsChanged(AuditPlace(node, 3)), .columnsChanged(AuditPlace(node, 4)),
                ])
        }
    }

    @Test("a removed record is detected", arguments: StorageBackend.all)
    fileprivate func removed(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let node = try await logs.chain(6)
            #expect(try await logs.tamper("DELETE FROM audit_records WHERE sequence IN (3, 4)") == 2)
            #expect(try await logs.findings() == [.removed(AuditPlace(node, 3), through: 4)])
        }
    }

    @Test("moved records are detected", arguments: StorageBackend.all)
    fileprivate func reordered(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let node = try await logs.chain(6)
            for (from, to) in [(3, 99), (4, 3), (99, 4)] {
                try await logs.tamper(
                    "UPDATE audit_records SET sequence = ? WHERE sequence = ?", [.integer(to), .integer(from)])
            }
            #expect(try await logs.findings().contains(.changed(AuditPlace(node, 3))))
            #expect(try await logs.findings().contains(.changed(AuditPlace(node, 4))))
        }
    }

    @Test("a truncated chain is detected, even if its head is moved back", arguments: StorageBackend.all)
    fileprivate func cutOff(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let node = try await logs.chain(6)
            #expect(try await logs.tamper("DELETE FROM audit_records WHERE sequence > 5") == 2)
            #expect(try await logs.findings() == [.cutOff(AuditPlace(node, 6), through: 7)])
            try await logs.tamper(
                """
                UPDATE audit_chains SET last_sequence = 5,
                last_mac = (SELECT mac FROM audit_records WHERE sequence = 5)
                """)
            #expect(try await logs.findings() == [.headChanged(node)])
            try await logs.tamper("DELETE FROM audit_chains")
            #expect(try await logs.findings() == [.headChanged(node)])
        }
    }

    @Test("a chain removed together with its head is missed by the next chain", arguments: StorageBackend.all)
    fileprivate func chainRemoved(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let first = try await logs.chain(3)
            logs.clock.advance(by: 60)
            let second = try await logs.chain(3)
            #expect(try await logs.findings() == [])
            try await logs.tamper("DELETE FROM audit_records WHERE node = ?", [.id(first)])
            try await logs.tamper("DELETE FROM audit_chains WHERE node = ?", [.id(first)])
            guard case .chainRemoved(let witness, let by)? = try await logs.findings().first else {
                Issue.record("nothing was found")
                return
            }
            #expect(witness.node == first)
            #expect(witness.sequence == 4)
            #expect(by == "\(second) 1")
        }
    }

    @Test("a log that was rolled back is detected by a head kept elsewhere")
    func setBack() async throws {
        try await onEach(.sqlite) { logs in
            let log = logs.node()
            let node = try await logs.chain(3, of: log)
            let earlier = try await logs.database.read { try $0.query("SELECT seal, last_mac FROM audit_chains", []) }
            _ = try await logs.chain(2, of: log)
            let kept = try await logs.verify().heads.map {
                AuditWitness(node: $0.node, sequence: $0.sequence, mac: $0.mac)
            }
            try await logs.tamper("DELETE FROM audit_records WHERE sequence > 4")
            try await logs.tamper(
                "UPDATE audit_chains SET last_sequence = 4, seal = ?, last_mac = ?", earlier[0].values)
            // What the database contained at that time is genuine, so the database alone can't reveal the rollback.
            #expect(try await logs.findings() == [])
            let found = try await logs.verify(expecting: kept).findings
            #expect(found == [.shorterThanWitnessed(kept[0], by: "a head kept elsewhere")])
            #expect(kept[0].node == node)
        }
    }

    @Test("a forged record is detected, because the key is not in the database", arguments: StorageBackend.all)
    fileprivate func madeUp(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let node = try await logs.chain(3)
            let other = AuditLog(
                store: logs.stores.audit,
                vault: KeyVault(
                    try Issuer("https://id.example.com"), store: logs.stores.dataKeys,
                    masterKeys: try MasterKeys(parsing: MasterKeys.generate())))
            other.record(.signedOut)
            try await other.flush()
            let found = try await logs.findings()
            #expect(found.contains { if case .changed(let place) = $0 { place.node != node } else { false } })
        }
    }

    @Test("expired records are removed, and the rest still verifies", arguments: StorageBackend.all)
    fileprivate func retention(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let log = logs.node()
            let first = try await logs.chain(5, of: log)
            logs.clock.advance(by: 80_000)
            let second = try await logs.chain(2)
            _ = try await logs.chain(4, of: log)
            logs.clock.advance(by: 10_000)
            let retention = AuditRetention(log: log)
            #expect(try await retention.removeExpired(at: logs.clock.now, limit: 4) == 4)
            #expect(try await logs.findings() == [])
            #expect(try await retention.removeExpired(at: logs.clock.now, limit: 500) == 2)
            #expect(try await retention.removeExpired(at: logs.clock.now, limit: 500) == 0)
            let report = try await logs.verify()
            #expect(report.findings == [])
            // Four records of the first chain, including its witness of the second, and three of the second.
            #expect(report.records == 8)
            // An attacker removes more than retention did.
            try await logs.tamper("DELETE FROM audit_records WHERE node = ? AND sequence = 7", [.id(first)])
            #expect(try await logs.findings() == [.removed(AuditPlace(first, 7), through: 7)])
            try await logs.tamper(
                "UPDATE audit_chains SET removed_through = 7, removed_mac = last_mac WHERE node = ?", [.id(first)])
            #expect(try await logs.findings().contains(.removalForged(first)))
            #expect(try await logs.verify().heads.contains { $0.node == second })
        }
    }

    @Test("a record backdated in the database is not removed, nor is the evidence of it")
    func madeOld() async throws {
        for backend in StorageBackend.all {
            try await onEach(backend) { logs in
                let log = logs.node()
                let node = try await logs.chain(5, of: log)
                let kept = try await logs.verify().heads.map {
                    AuditWitness(node: $0.node, sequence: $0.sequence, mac: $0.mac)
                }
                let retention = AuditRetention(log: log)
                for columns in ["recorded_at = 0 WHERE sequence = 6", "recorded_at = 0"] as [SQLStatement] {
                    try await logs.tamper("UPDATE audit_records SET \(columns)")
                    #expect(try await retention.removeExpired(at: logs.clock.now, limit: 500) == 0)
                }
                try await logs.tamper("UPDATE audit_chains SET last_at = 0")
                #expect(try await retention.removeExpired(at: logs.clock.now, limit: 500) == 0)
                let report = try await logs.verify(expecting: kept)
                #expect(report.records == 6)
                #expect(report.findings.contains(.columnsChanged(AuditPlace(node, 6))))
                #expect(report.findings.contains(.headChanged(node)))
            }
        }
    }

    @Test("a record that can't be verified is not removed for its age", arguments: StorageBackend.all)
    fileprivate func notOurs(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let log = logs.node()
            _ = try await logs.chain(5, of: log)
            try await logs.tamper(
                "UPDATE audit_records SET document = REPLACE(document, 'alice-id', 'bob-id') WHERE sequence = 3")
            logs.clock.advance(by: 90_000)
            let retention = AuditRetention(log: log)
            // The beginning is genuine and old.
            #expect(try await retention.removeExpired(at: logs.clock.now, limit: 500) == 2)
            #expect(try await retention.removeExpired(at: logs.clock.now, limit: 500) == 0)
            #expect(try await logs.verify().records == 4)
        }
    }

    @Test(
        "a removal younger than the retention is detected, even though Martlet sealed it", arguments: StorageBackend.all
    )
    fileprivate func tooEarly(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            // A node with a retention other than the one used for the verification.
            let log = logs.node(retention: 60)
            let node = try await logs.chain(5, of: log)
            logs.clock.advance(by: 600)
            #expect(try await AuditRetention(log: log).removeExpired(at: logs.clock.now, limit: 500) == 6)
            #expect(try await logs.findings() == [.removedTooEarly(node, moment)])
            // Backdating it would require the key.
            try await logs.tamper("UPDATE audit_chains SET removed_time = 0")
            #expect(try await logs.findings().contains(.removalForged(node)))
            try await logs.tamper("UPDATE audit_chains SET removed_time = NULL")
            #expect(try await logs.findings().contains(.removalForged(node)))
        }
    }

    @Test("finished chains are eventually deleted without a finding", arguments: StorageBackend.all)
    fileprivate func forgotten(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            for _ in 0..<8 {
                _ = try await logs.chain(2)
                logs.clock.advance(by: 43_200)
                let retention = AuditRetention(log: logs.node())
                _ = try await retention.removeExpired(at: logs.clock.now, limit: 500)
                #expect(try await logs.findings() == [])
            }
            let report = try await logs.verify()
            #expect(report.heads.count < 8)
            #expect(report.records < 16)
        }
    }

    @Test("a batch whose response got lost is not stored twice, and overwrites nothing", arguments: StorageBackend.all)
    fileprivate func again(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            _ = try await logs.chain(3)
            let entries = try await logs.stores.audit.find(AuditQuery())
            let head = try #require(try await logs.verify().heads.first)
            try await logs.stores.audit.append(entries, head: head, deliveries: [:])
            #expect(try await logs.verify().records == 4)
            let other = entries.map {
                AuditEntry(node: $0.node, sequence: $0.sequence, record: $0.record, document: $0.document, mac: [1])
            }
            await #expect(throws: AuditPlaceTaken.self) {
                try await logs.stores.audit.append(other, head: head, deliveries: [:])
            }
            #expect(try await logs.findings() == [])
        }
    }

    @Test(
        "an event is queued once, with its record, and one of many nodes delivers it",
        arguments: StorageBackend.all)
    fileprivate func deliveries(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            let store = logs.stores.webhooks
            try await logs.stores.audit.append([.example(1)], head: .example(1), deliveries: [1: [.example]])
            let winners = try await race(16) { _ in
                let due = try await store.due(to: WebhookDelivery.example.url, at: moment, limit: 10)
                guard let first = due.first else { return 0 }
                return try await store.lease(first, until: moment.addingTimeInterval(60), at: moment) == nil ? 0 : 1
            }
            #expect(winners.reduce(0, +) == 1)
            #expect(try await store.due(to: WebhookDelivery.example.url, at: moment, limit: 10).isEmpty)
            // The first node died and another took over, so the first one's report no longer counts.
            let later = moment.addingTimeInterval(61)
            let second = try #require(try await store.due(to: WebhookDelivery.example.url, at: later, limit: 10).first)
            let leased = try #require(try await store.lease(second, until: later, at: later))
            try await store.remove(second)
            #expect(try await store.due(to: WebhookDelivery.example.url, at: later, limit: 10).count == 1)
            try await store.remove(leased)
            #expect(try await store.due(to: WebhookDelivery.example.url, at: later, limit: 10).isEmpty)
            // The response to the batch got lost, and it is sent again after its delivery.
            try await logs.stores.audit.append([.example(1)], head: .example(1), deliveries: [1: [.example]])
            #expect(try await store.due(to: WebhookDelivery.example.url, at: later, limit: 10).isEmpty)
        }
    }

    @Test("a query continues where the previous page ended, even within one moment", arguments: StorageBackend.all)
    fileprivate func pages(_ backend: StorageBackend) async throws {
        try await onEach(backend) { logs in
            _ = try await logs.chain(10)
            _ = try await logs.chain(10)
            var query = AuditQuery()
            (query.limit, query.user) = (3, User.alice.rawValue)
            var seen: [AuditEntry] = []
            while case let page = try await logs.stores.audit.find(query), let last = page.last {
                seen += page
                query.after = last
            }
            #expect(seen.count == 20)
            #expect(Set(seen).count == 20)
            query.after = nil
            query.since = moment.addingTimeInterval(1)
            #expect(try await logs.stores.audit.find(query).isEmpty)
            query.since = nil
            query.until = moment.addingTimeInterval(-1)
            #expect(try await logs.stores.audit.find(query).isEmpty)
        }
    }
}
