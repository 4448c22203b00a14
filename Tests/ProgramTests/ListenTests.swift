import TestSupport
import Testing

@Suite("An address that is in use")
struct ListenTests {
    @Test("the message names the setting and the address", arguments: ["listen", "telemetry.metrics", "--demo-port"])
    func taken(_ setting: String) async throws {
        let (folder, other) = (try Folder(), try Folder())
        let server = try await RunningServer(in: other.url)
        let free = try freePort()
        let listen = setting == "listen" ? server.port : free
        var arguments = ["serve", "--issuer", "http://localhost:\(free)", "--listen", "127.0.0.1:\(listen)"]
        if setting == "telemetry.metrics" { arguments += ["--telemetry-metrics", "127.0.0.1:\(server.port)"] }
        if setting == "--demo-port" { arguments += ["--demo", "--demo-port", "\(server.port)"] }
        let (code, output) = try await RunningProgram.run(arguments, in: folder.url)
        #expect(code == 78)
        #expect(
            output.contains(
                "error: \(setting): 127.0.0.1:\(server.port) is already in use; stop the program that uses it"),
            "\(output)")
        // Nothing recorded before is lost: the log ends as in an orderly shutdown.
        let (_, events) = try await RunningProgram.run(
            ["audit", "--issuer", "http://localhost:\(free)"], in: folder.url)
        #expect(events.contains("log_ended"), "\(events)")
        try await server.stop()
    }

    @Test("an address of another machine is named with the reason")
    func foreign() async throws {
        let folder = try Folder()
        let (code, output) = try await RunningProgram.run(["serve", "--listen", "192.0.2.1:8080"], in: folder.url)
        #expect(code == 78)
        #expect(
            output.contains("listen: cannot listen on 192.0.2.1:8080 (Cannot assign requested address)"), "\(output)")
    }
}
