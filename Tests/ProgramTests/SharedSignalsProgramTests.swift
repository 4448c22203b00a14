import Foundation
import JOSE
import TestSupport
import Testing

@Suite("Shared signals at the program", .serialized)
struct SharedSignalsProgramTests {
    private static let resources = """
        clients:
          - client_id: poller
            client_secret: poller-secret-poller-secret-poller
            grant_types: [client_credentials]
            scope: ssf.read ssf.manage
            event_receiver: {subjects: all}
          - client_id: pushed
            client_secret: pushed-secret-pushed-secret-pushed
            grant_types: [client_credentials]
            scope: ssf.read ssf.manage
            event_receiver: {subjects: all}
            private_network: true
        users:
          - username: alice
            password: correct horse battery
        """

    private func command(_ arguments: String..., in folder: Folder) async throws -> String {
        let (code, result, errors) = try await RunningProgram.separated(
            arguments + ["--config", "martlet.yaml"], in: folder.url)
        guard code == 0 else { throw Unexpected(errors) }
        return result
    }

    @Test("Authlib and joserfc receive verified events by push and poll, while the server is killed and restarted")
    func independentReceiver() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", Self.resources)
        let port = try freePort()
        try folder.write("martlet.yaml", "issuer: http://localhost:\(port)\n")
        let arguments = ["--config", "martlet.yaml", "--apply", "resources.yaml"]
        let server = try await RunningServer(arguments, in: folder.url, port: port)
        let receiver = try ClientProgram("signal-receiver.py", [server.issuer])
        #expect(try await receiver.lines(1) == ["listening"])

        _ = try await command("user", "disable", "alice", in: folder)
        _ = try await command("user", "enable", "alice", in: folder)
        var lines = try await receiver.lines(5)
        // An event that was taken comes again if the server is killed before it stores that.
        try await until("what was pushed is stored as delivered") {
            try await streams(folder).allSatisfy { $0["client_id"] == "poller" || $0["waiting"] == 0 }
        }
        server.program.signal(SIGKILL)
        _ = try await server.program.wait()
        _ = try await command("user", "disable", "alice", in: folder)
        let left = try await streams(folder)
        #expect(Set(left.compactMap { $0["client_id"]?.string }) == ["poller", "pushed"])
        #expect(left.first { $0["client_id"] == "pushed" }?["waiting"] == 1)
        try await checkRestarted(folder, port, left)
        lines = Array(lines.dropFirst())
        let events = try lines.map { try JSONObject(parsing: Array($0.utf8)) }
        for way in ["push", "poll"] {
            let types = events.filter { $0["way"] == .string(way) }.compactMap {
                $0["claims"]?.object?["events"]?.object?.names.first
            }
            let risc = "https://schemas.openid.net/secevent/risc/event-type/"
            #expect(Set(types) == ["\(risc)account-disabled", "\(risc)account-enabled"])
        }
    }

    private func streams(_ folder: Folder) async throws -> [JSONObject] {
        let listed = try await command("stream", "list", "--output", "json", in: folder)
        return try JSON(parsing: Array(listed.utf8)).array?.compactMap(\.object) ?? []
    }

    /// What waited in the stream that is pushed arrives after the restart; the receiver's poll died with the server.
    private func checkRestarted(_ folder: Folder, _ port: Int, _ streams: [JSONObject]) async throws {
        let server = try await RunningServer(["--config", "martlet.yaml"], in: folder.url, port: port)
        let pushed = try #require(streams.first { $0["client_id"] == "pushed" }?["stream_id"]?.string)
        try await until("the waiting event was pushed") {
            let shown = try await command("stream", "show", pushed, "--output", "json", in: folder)
            return try JSONObject(parsing: Array(shown.utf8))["waiting"] == 0
        }
        let deleted = try await command("stream", "delete", pushed, "--yes", in: folder)
        #expect(deleted.contains("Deleted."))
        await #expect(throws: Unexpected.self) { _ = try await command("stream", "show", pushed, in: folder) }
        let audit = try await command("audit", "--event", "resource_changed", "--json", in: folder)
        #expect(audit.contains("event stream"))
        try await server.stop()
    }
}
