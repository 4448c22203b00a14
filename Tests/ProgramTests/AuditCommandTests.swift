import Foundation
import IdentityProvider
import SQLStorage
import SQLiteDriver
import TestSupport
import Testing

@testable import martlet

@Suite("The audit log on the command line")
struct AuditCommandTests {
    private static let resources = """
        clients:
          - client_id: shop
            client_secret: 5CFNd0OMGyV3uhDA3GPSHw
            redirect_uris: [https://shop.example/callback]
            grant_types: [client_credentials]
        users:
          - username: alice
            password: down-the-rabbit-hole
        """

    private func lines(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").filter { $0.hasPrefix("{\"node\"") }.map { try json(String($0)) }
    }

    @Test("a denied sign-in is found by user, time and trace, explained and verified, and a change to it is detected")
    func audit() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", Self.resources)
        let server = try await RunningServer(
            ["--apply", "resources.yaml", "--audit-file", "audit.jsonl"], in: folder.url)
        let client = WebClient(origin: server.issuer)
        let answer = try await client.post(
            "/token", [("grant_type", "client_credentials")], headers: [basic("shop", "a-wrong-secret-a-wrong")])
        #expect(answer.status == 401)
        let trace = try #require(answer.header("X-Request-Id"))
        let allowed = try await client.post(
            "/token", [("grant_type", "client_credentials")], headers: [basic("shop", "5CFNd0OMGyV3uhDA3GPSHw")])
        let allowedTrace = try #require(allowed.header("X-Request-Id"))
        #expect(allowed.status == 200)
        try await server.stop()
        let base = ["--issuer", server.issuer]

        let shown = try await RunningProgram.run(
            ["audit", "--client", "shop", "--event", "client_authentication_failed", "--since", "1h", "--json"] + base,
            in: folder.url)
        #expect(shown.code == 0, "\(shown.output)")
        let record = try #require(try lines(shown.output).first)
        #expect(record["trace"] as? String == trace)
        #expect(record["address"] as? String == "127.0.0.1")
        #expect(record["actor"] as? String == "visitor")
        #expect((record["details"] as? [String: Any])?["reason"] as? String == "wrong_secret")

        let exported = try await RunningProgram.separated(["audit", "--event", "exported"] + base, in: folder.url)
        #expect(exported.result.split(separator: "\n").count == 2, "\(exported)")
        #expect(exported.result.contains("what=audit_records records=1"))

        let explained = try await RunningProgram.run(["explain", trace] + base, in: folder.url)
        #expect(explained.output.contains("Client authentication failed: the client_secret is wrong."))
        #expect(explained.output.contains("client authentication failed with client shop from 127.0.0.1"))
        #expect(!explained.output.contains("a-wrong-secret"))

        let why = try await RunningProgram.run(["explain", allowedTrace] + base, in: folder.url)
        #expect(why.output.contains("The client shop authenticated by client_secret_basic."))
        #expect(why.output.contains("tokens issued"))

        let disabled = try await RunningProgram.run(["user", "disable", "alice"] + base, in: folder.url)
        #expect(disabled.code == 0)
        let ofAlice = try await RunningProgram.run(
            ["audit", "--user", "alice", "--since", "1h", "--json"] + base, in: folder.url)
        let actor = try lines(ofAlice.output).last?["actor"] as? String
        #expect(actor?.hasPrefix("command line ") == true)

        let whole = try await RunningProgram.run(["audit", "verify", "--heads-to", "heads"] + base, in: folder.url)
        #expect(whole.code == 0, "\(whole.output)")
        #expect(whole.output.contains("no problems found"))
        // The file also contains what the server wrote.
        let copy = try String(contentsOf: folder.url.appending(path: "audit.jsonl"), encoding: .utf8)
        #expect(try lines(copy).contains { $0["trace"] as? String == trace && $0["mac"] as? String != nil })

        // Someone with access to the database changes why the client was refused.
        let database = try SQLiteDatabase(path: folder.url.appending(path: "var/martlet.db").path())
        let changed = try await database.transaction { connection in
            try connection.execute(
                """
                UPDATE audit_records SET document = REPLACE(document, 'wrong_secret', 'disabled')
                WHERE event = 'client_authentication_failed'
                """, [])
        }
        #expect(changed == 1)
        await database.close()
        let tampered = try await RunningProgram.run(["audit", "verify"] + base, in: folder.url)
        #expect(tampered.code == 1)
        #expect(tampered.output.contains("was changed."))

        // The database is emptied; only the heads that were kept reveal it.
        for name in ["martlet.db", "martlet.db-wal", "martlet.db-shm"] {
            try? FileManager.default.removeItem(at: folder.url.appending(path: "var/\(name)"))
        }
        // The issuer is created anew, as if nothing had happened.
        let anew = try await RunningProgram.run(["migrate"] + base, in: folder.url)
        #expect(anew.code == 0, "\(anew.output)")
        let gone = try await RunningProgram.run(["audit", "verify", "--heads", "heads"] + base, in: folder.url)
        #expect(gone.code == 1)
        #expect(gone.output.contains("was removed; a head kept elsewhere proves that it existed."))
    }

    @Test(
        "explain takes the eight digits of the text log right after the request, and lists the traces if several match")
    func prefixes() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", Self.resources)
        let server = try await RunningServer(
            ["--apply", "resources.yaml", "--telemetry-log", "text"], in: folder.url)
        let client = WebClient(origin: server.issuer)
        let base = ["--issuer", server.issuer]
        func token(_ trace: String, scope: String) async throws {
            let answer = try await client.post(
                "/token", [("grant_type", "client_credentials"), ("scope", scope)],
                headers: [
                    basic("shop", "5CFNd0OMGyV3uhDA3GPSHw"), ("traceparent", "00-\(trace)-00f067aa0ba902b7-01"),
                ])
            #expect(answer.status == 400)
        }
        let traces = ["4bf92f35aaaaaaaaaaaaaaaaaaaaaaaa", "4bf92f35bbbbbbbbbbbbbbbbbbbbbbbb"]
        try await token(traces[0], scope: "made.up")
        let explained = try await RunningProgram.run(["explain", "4BF92F35"] + base, in: folder.url)
        #expect(explained.code == 0, "\(explained.output)")
        #expect(explained.output.contains("The scope made.up is not registered for the client shop."))
        #expect(explained.output.contains("resource_servers"))

        try await token(traces[1], scope: "made.up")
        let several = try await RunningProgram.run(["explain", "4bf92f35"] + base, in: folder.url)
        #expect(several.code == 78)
        #expect(several.output.contains("2 traces begin with 4bf92f35; name one of them, or more digits:"))
        for trace in traces {
            #expect(several.output.contains("\(trace)  2"))
            let one = try await RunningProgram.run(["explain", String(trace.prefix(9))] + base, in: folder.url)
            #expect(one.code == 0)
        }
        let found = try await RunningProgram.run(["audit", "--trace", "4BF92F35b"] + base, in: folder.url)
        #expect(found.output.contains(traces[1]) && !found.output.contains(traces[0]), "\(found.output)")
        let whole = try await RunningProgram.run(["audit", "--trace", traces[0]] + base, in: folder.url)
        #expect(whole.output.contains(traces[0]) && !whole.output.contains(traces[1]))
        let ambiguous = try await RunningProgram.run(["audit", "--trace", "4bf92f35"] + base, in: folder.url)
        #expect(ambiguous.code == 78)
        #expect(ambiguous.output.contains("2 traces begin with 4bf92f35; name one of them, or more digits:"))
        #expect(traces.allSatisfy(ambiguous.output.contains))
        let malformed = try await RunningProgram.run(["audit", "--trace", "4bf92f3"] + base, in: folder.url)
        #expect(malformed.code == 78 && malformed.output.contains("4bf92f3: must be a trace"))
        let unknown = try await RunningProgram.separated(["audit", "--trace", "12345678"] + base, in: folder.url)
        #expect(unknown.code == 0 && unknown.result.split(separator: "\n").count == 1)
        let none = try await RunningProgram.run(["explain", "12345678"] + base, in: folder.url)
        #expect(none.code == 78 && none.output.contains("no audit records for the trace 12345678"))
        let short = try await RunningProgram.run(["explain", "4bf92f3"] + base, in: folder.url)
        #expect(short.output.contains("4bf92f3: must be a trace: its 32 hexadecimal digits, or at least the first 8"))

        // A search stops at its limit, so there may be more.
        let limit = try TracePrefix("4bf92f35").ambiguity(Array(repeating: "t", count: TracePrefix.limit))
        #expect(limit.lines.first?.hasPrefix("20 or more traces begin with 4bf92f35;") == true)

        // The log line of a refusal names client and route, and what is registered.
        try await server.stop()
        let line = try #require(
            server.program.output.split(separator: "\n").first {
                $0.contains("refused") && $0.contains("trace=4bf92f35")
            })
        for words in ["route=/token", "client_id=shop", "address=127.0.0.1", "Registered: openid."] {
            #expect(line.contains(words), "\(line)")
        }
    }
}
