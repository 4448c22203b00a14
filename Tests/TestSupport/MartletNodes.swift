import Foundation

/// Several Martlet programs of one issuer, each with its own storage setting for the same database.
package struct MartletNodes: Sendable {
    package static let clientSecret = "5CFNd0OMGyV3uhDA3GPSHwAtvLqyt1"
    package static let password = "correct horse battery"
    /// The query of an authorization request that needs no consent.
    package static let query =
        "response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback"
        + "&scope=openid%20offline_access&state=s&nonce=n"
    package static let resources = """
        clients:
          - client_id: web
            client_secret: \(clientSecret)
            redirect_uris: [https://shop.example/callback]
            grant_types: [authorization_code, refresh_token, client_credentials]
            scope: openid offline_access
            consent: skip
        users:
          - username: bob
            password: \(password)
        """
    /// The client's credentials.
    package static let secret = basic("web", clientSecret)

    package let issuer: String
    package let servers: [RunningServer]
    private let folder: Folder

    /// Starts all nodes at once, on a database that may be empty. The client takes logout tokens at `logoutURI`.
    package init(storage urls: [String], logoutURI: String? = nil) async throws {
        let folder = try Folder()
        let issuer = "http://localhost:\(try freePort())"
        let told = logoutURI.map { "    backchannel_logout_uri: \($0)\n    private_network: true\n" } ?? ""
        try folder.write(
            "resources.yaml", Self.resources.replacing("    consent: skip\n", with: "    consent: skip\n\(told)"))
        let key = try await RunningProgram.run(["key", "master", "master.key"], in: folder.url)
        guard key.code == 0 else { throw Unexpected(key.output) }
        for (number, url) in urls.enumerated() { try folder.write("storage-\(number)", url) }
        servers = try await race(urls.count) { number in
            let arguments =
                Self.storageArguments(number)
                + ["--apply", "resources.yaml", "--trusted-proxies", "127.0.0.1/32", "--telemetry-level", "notice"]
            return (number, try await RunningServer(arguments, in: folder.url, issuer: issuer))
        }.sorted { $0.0 < $1.0 }.map(\.1)
        (self.folder, self.issuer) = (folder, issuer)
    }

    private static func storageArguments(_ number: Int) -> [String] {
        ["--storage-file", "storage-\(number)", "--master-key-file", "master.key"]
    }

    /// Runs a command on the first node's host.
    package func command(_ arguments: [String]) async throws -> (code: Int32, output: String) {
        try await RunningProgram.run(
            arguments + ["--issuer", issuer] + Self.storageArguments(0), in: folder.url)
    }

    /// Returns a browser with its own address, which sends its first request to the first node.
    package func browser(timeout seconds: Int64 = 30) -> WebClient {
        let address = "10.\(Int.random(in: 0...255)).\(Int.random(in: 0...255)).\(Int.random(in: 0...255))"
        return WebClient(origin: issuer, port: servers[0].port, forwardedFor: address, timeout: seconds)
    }

    package static func redemption(of code: String) -> [(String, String)] {
        [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "https://shop.example/callback"),
        ]
    }

    package func redeem(_ code: String, on client: WebClient) async throws -> WebClient.Answer {
        try await client.post("/token", Self.redemption(of: code), headers: [Self.secret])
    }

    package func isActive(_ token: String, on client: WebClient) async throws -> Bool {
        let answer = try await client.post("/introspect", [("token", token)], headers: [Self.secret])
        return try json(answer.body)["active"] as? Bool == true
    }

    package func isReady(_ server: RunningServer) async -> Bool {
        (try? await browser().on(server).get("/health/ready").status) == 200
    }

    package func stop() async throws {
        for server in servers where server.program.isRunning { try await server.stop() }
    }
}
