import Foundation
import TestSupport

/// A Martlet for each database node, behind one issuer.
struct MartletCluster: Sendable {
    static let clientSecret = "5CFNd0OMGyV3uhDA3GPSHwAtvLqyt1"
    static let query =
        "response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback"
        + "&scope=openid%20offline_access&state=s"
    private static let resources = """
        clients:
          - client_id: web
            client_secret: \(clientSecret)
            redirect_uris: [https://shop.example/callback]
            grant_types: [authorization_code, refresh_token]
            scope: openid offline_access
            consent: skip
        users:
          - username: bob
            password: correct horse battery
        """

    let issuer: String
    let servers: [RunningServer]
    private let folder: Folder

    init(_ databases: GaleraCluster) async throws {
        let folder = try Folder()
        let issuer = "http://localhost:\(try freePort())"
        try folder.write("resources.yaml", Self.resources)
        let key = try await RunningProgram.run(["key", "master", "master.key"], in: folder.url)
        guard key.code == 0 else { throw Unexpected(key.output) }
        for node in 1...3 { try folder.write("storage-\(node)", databases.url(node)) }
        servers = try await withThrowingTaskGroup(of: (Int, RunningServer).self) { group in
            for node in 1...3 {
                group.addTask {
                    let arguments = [
                        "--storage-file", "storage-\(node)", "--master-key-file", "master.key", "--apply",
                        "resources.yaml", "--trusted-proxies", "127.0.0.1/32", "--telemetry-level", "notice",
                    ]
                    return (node, try await RunningServer(arguments, in: folder.url, issuer: issuer))
                }
            }
            var servers: [Int: RunningServer] = [:]
            for try await (node, server) in group { servers[node] = server }
            return servers.sorted { $0.key < $1.key }.map(\.value)
        }
        (self.folder, self.issuer) = (folder, issuer)
    }

    /// A browser of its own address, whose first request node 1 gets.
    func browser() -> WebClient {
        let address = "10.\(Int.random(in: 0...255)).\(Int.random(in: 0...255)).\(Int.random(in: 0...255))"
        return WebClient(origin: issuer, port: servers[0].port, forwardedFor: address, timeout: 6)
    }

    func isReady(_ node: Int) async -> Bool {
        (try? await browser().on(servers[node - 1]).get("/health/ready").status) == 200
    }

    func stop() async throws {
        for server in servers where server.program.isRunning { try await server.stop() }
    }
}
