import Foundation
import IdentityProvider
import JOSE
import SQLStorage
import Synchronization
import TestSupport
import Testing

@testable import SQLStorage

/// The lines of an export.
private final class Lines: Sendable {
    private let state: Mutex<(bytes: [UInt8], position: Int)>
    init(_ bytes: [UInt8] = []) { state = Mutex((bytes, 0)) }

    var bytes: [UInt8] { state.withLock(\.bytes) }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    func add(_ line: [UInt8]) { state.withLock { $0.bytes += line } }

    func next() -> [UInt8]? {
        state.withLock { state in
            guard state.position < state.bytes.count else { return nil }
            let rest = state.bytes[state.position...]
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            state.position = end + 1
            return Array(rest[..<end])
        }
    }
}

@Suite("Moving to another database without losses")
struct TransferTests {
    private static let keys = ["a", "b"]

    private func export(_ backend: SQLBackend) async throws -> Lines {
        let lines = Lines()
        _ = try await backend.export(masterKeys: Self.keys, to: lines.add)
        return lines
    }

    /// Puts a row into every table, with all kinds of text and bytes.
    private func fill(_ backend: SQLBackend) async throws {
        for identifier in ["https://id.example.com", "https://id.example.com/tenant"] {
            let stores = backend.stores(for: try Issuer(identifier))
            try await stores.populate()
            try await stores.clients.save(
                .example(
                    Identifier("odd!"), name: "e\u{301}\u{0}\n\"\\\u{1F426}",
                    secret: ClientSecret(digest: SecretDigest(bytes: Array(0...63)), sealed: [0, 255])))
            try await stores.resourceServers.save(ResourceServer(identifier: "https://api", scopes: ["r"]))
            try await stores.roles.save(Role(name: "admin", permissions: ["all"]))
            try await stores.groups.save(Group(name: "staff", description: "\u{1F426}", roles: ["admin"]))
            try await stores.attributes.save(
                Attribute(name: "team", titles: ["de": "\u{1F426}"], claims: [AttributeClaim("team", scope: "profile")])
            )
            if var bob = try await stores.users.find(User.bob) {
                bob.attributes = ["team": ["red", "blue\u{1F426}"], "size": .number(1.5), "isNew": true]
                try await stores.users.save(bob)
                _ = try await stores.recoveryCodes.replaceAccessCode(
                    SecretDigest(bytes: [9]), of: bob, until: moment, at: moment)
            }
            try await stores.sessions.start(.example("s"), from: .example, replacing: nil)
            try await stores.recoveryCodes.replace([SecretDigest(bytes: [1])], of: User.alice, at: moment)
            _ = try await stores.recoveries.start(.example(), at: moment)
            try await stores.attempts.fail(["a"], at: moment, expiresAt: moment)
            let interest = LogoutInterest(isNotified: true, isNotifiedOfExpiry: true)
            try await stores.sessions.start(.example("ended", secret: 7), replacing: nil)
            _ = try await stores.authorizations.create(.example("e", session: "ended"), interest: interest, at: moment)
            try await stores.sessions.end(Identifier("ended"), at: moment)
            _ = try await stores.authorizations.create(.example("a", session: "s"), interest: interest, at: moment)
            _ = try await RotationTests.present(0, after: 1, stores)
            try await stores.authorizations.revoke(Identifier("a"), at: moment)
            try await stores.consents.save(
                Consent(user: User.alice, client: Client.web, scope: ["openid"], grantedAt: moment))
            try await stores.totpCredentials.save(.example("t", lastStep: 7))
            _ = try await stores.passkeys.add(.example(7, signCount: 7))
            try await stores.upstreams.save(.example())
            _ = try await stores.upstreamLinks.add(.example("l", subject: "u\u{301}", tokens: [0, 255]))
            try await stores.upstreamLinks.use(Identifier("l"), label: "\u{1F426}", sealedTokens: [0, 255], at: moment)
            _ = try await stores.keys.insert(.example("k", number: 1))
            try await stores.pushedRequests.save([0, 255], as: "p", until: moment)
            _ = try await stores.deviceAuthorizations.add(.example("d", code: "c"))
            _ = try await stores.deviceAuthorizations.poll("d", at: moment, slack: 0, penalty: 5, longest: 60)
            _ = try await stores.deviceAuthorizations.answer("d", with: [0, 255], at: moment - 1)
            _ = try await stores.deviceAuthorizations.add(.example("e", code: "f"))
            _ = try await stores.dataKeys.establish([.example(1)], isNew: false)
            try await stores.mailOutbox.add(.example("m"))
            _ = try await stores.eventStreams.add(.example)
            try await stores.eventStreams.set(User.alice, isIncluded: true, in: EventStream.example.id)
            try await stores.securityEvents.add(.example)
            try await stores.audit.append([.example(1)], head: .example(1), deliveries: [1: [.example]])
            for number in 0..<300 {
                _ = try await stores.singleUse.consume("\(number)", for: .clientAssertion, until: moment)
            }
        }
    }

    @Test("from SQLite to MariaDB and back: the two exports are identical")
    func roundTrip() async throws {
        var exports: [[UInt8]] = []
        var lines = Lines()
        for (index, engine) in [StorageBackend.sqlite, .mariaDB, .sqlite].enumerated() {
            try await engine.withBackend { backend in
                if index == 0 {
                    try await fill(backend)
                } else {
                    let rows = try await backend.import(masterKeys: Self.keys, from: lines.next)
                    #expect(rows == lines.text.split(separator: "\n").count - 2)
                }
                let exported = try await export(backend)
                exports.append(exported.bytes)
                lines = Lines(exported.bytes)
            }
        }
        #expect(exports[0] == exports[1])
        #expect(exports[1] == exports[2])
        for table in TransferTable.all {
            #expect(exports[0].count > 10_000)
            #expect(lines.text.contains("\"table\":\"\(table.name)\""), "\(table.name)")
        }
    }

    @Test("an export contains every table and column of the schema", arguments: StorageBackend.all)
    func complete(_ engine: StorageBackend) async throws {
        try await engine.withDatabase { database in
            _ = try await SQLBackend(database).migrate()
            let columns = try await SchemaReader(database).columns()
            let tables = Dictionary(grouping: columns, by: \.table).mapValues { Set($0.map(\.name)) }
            let known = Dictionary(
                uniqueKeysWithValues: TransferTable.all.map { ($0.name, Set($0.columns)) })
            #expect(tables.filter { $0.key != "schema_migrations" } == known)
        }
    }

    @Test("an invalid export is refused with its line, and nothing is stored", arguments: StorageBackend.all)
    func refusals(_ engine: StorageBackend) async throws {
        var good: [String] = []
        try await StorageBackend.sqlite.withBackend { backend in
            try await fill(backend)
            good = try await export(backend).text.split(separator: "\n").map(String.init)
        }
        let user = try #require(good.first { $0.contains("\"users\"") })
        let known = try #require(SQLDialect.sqlite.migrations.last?.version)
        let bad: [([String], TransferError)] = [
            ([], .cutOff(line: 0)),
            (Array(good.dropLast()), .cutOff(line: good.count - 1)),
            (Array(good.dropLast(2)) + good.suffix(1), .cutOff(line: good.count - 1)),
            (Array(good.dropFirst()), .invalid(line: 1, reason: "is not the header of an export")),
            (good + ["{}"], .invalid(line: good.count + 1, reason: "follows the end marker")),
            (
                [good[0].replacing("\"schema\":\(known)", with: "\"schema\":\(known + 1)")] + good.dropFirst(),
                .newerSchema(found: known + 1, known: known)
            ),
            ([good[0].replacing("\"b\"", with: "\"c\"")] + good.dropFirst(), .otherMasterKey),
            (
                good.dropLast() + [user, good[good.count - 1]],
                .invalid(line: good.count, reason: "duplicates an earlier row")
            ),
            (
                [good[0], "{\"table\":\"nothing\",\"row\":[]}"],
                .invalid(line: 2, reason: "names the unknown table nothing")
            ),
            ([good[0], "{\"table\":\"roles\",\"row\":[1]}"], .invalid(line: 2, reason: "must have 3 values")),
            ([good[0], "nonsense"], .invalid(line: 2, reason: "is not JSON: has an unknown word")),
        ]
        try await engine.withBackend { backend in
            for (lines, expected) in bad {
                let input = Lines(Array(lines.map { $0 + "\n" }.joined().utf8))
                await #expect(throws: expected) {
                    try await backend.import(masterKeys: Self.keys, from: input.next)
                }
            }
            let all = Lines(Array(good.map { $0 + "\n" }.joined().utf8))
            _ = try await backend.import(masterKeys: Self.keys, from: all.next)
            let again = Lines(Array(good.map { $0 + "\n" }.joined().utf8))
            await #expect(throws: TransferError.notEmpty) {
                try await backend.import(masterKeys: Self.keys, from: again.next)
            }
        }
    }
}
