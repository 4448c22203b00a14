import Foundation
import IdentityProvider
import JOSE
import MariaDBDriver
import SQLStorage
import SQLiteDriver
import TestSupport
import Testing

/// Martlet, its database and a client that takes logout tokens. Each can be killed and started again.
private final class Site {
    let folder = try! Folder()
    let receiver: LogoutReceiver
    let database: MariaDBServer?
    private let storage: String
    private let port: Int
    private(set) var server: RunningServer

    private static let callback = "https://shop.example/callback"
    private static let query =
        "response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&scope=openid&nonce=n"

    init(_ engine: TestEngine) async throws {
        port = try freePort()
        receiver = try LogoutReceiver(in: folder.url, issuer: "http://localhost:\(port)")
        database = engine == .mariaDB ? try MariaDBServer() : nil
        storage = try database?.url("logout") ?? "sqlite:\(folder.url.appending(path: "martlet.db").path())"
        try folder.write("storage", storage)
        try folder.write(
            "resources.yaml",
            """
            clients:
              - client_id: web
                client_secret: \(MartletNodes.clientSecret)
                redirect_uris: [\(Self.callback)]
                scope: openid
                consent: skip
                backchannel_logout_uri: \(receiver.uri)
                private_network: true
            users:
              - username: bob
                password: \(MartletNodes.password)
            """)
        let key = try await RunningProgram.run(["key", "master", "master.key"], in: folder.url)
        guard key.code == 0 else { throw Unexpected(key.output) }
        server = try await Self.start(folder, port)
    }

    private static func start(_ folder: Folder, _ port: Int) async throws -> RunningServer {
        try await RunningServer(
            [
                "--storage-file", "storage", "--master-key-file", "master.key", "--apply", "resources.yaml",
                "--trusted-proxies", "127.0.0.1/32", "--telemetry-level", "notice",
            ], in: folder.url, port: port)
    }

    func killServer() async throws {
        server.program.signal(SIGKILL)
        _ = try await server.program.wait()
    }

    func startServer() async throws { server = try await Self.start(folder, port) }

    /// Signs bob in with a new browser and returns it with the client's ID Token.
    func signIn() async throws -> (browser: WebClient, idToken: String, sid: String) {
        let address = "10.\(Int.random(in: 0...255)).\(Int.random(in: 0...255)).7"
        let browser = WebClient(origin: server.issuer, forwardedFor: address)
        let answer = try await browser.signIn(Self.query, username: "bob", password: MartletNodes.password)
        let code = try #require(answer.answer["code"])
        let tokens = try await browser.post(
            "/token", MartletNodes.redemption(of: code), headers: [MartletNodes.secret])
        let token = try #require(json(tokens.body)["id_token"] as? String)
        return (browser, token, try #require(try JWTClaims.of(token)["sid"]?.string))
    }

    /// Signs out, and tries again until Martlet has acknowledged it.
    func signOut(_ session: (browser: WebClient, idToken: String, sid: String)) async throws {
        try await until("the sign-out of \(session.sid) is acknowledged") {
            (try? await session.browser.get("/logout?id_token_hint=\(session.idToken)").status) == 200
        }
    }

    func command(_ arguments: [String]) async throws -> String {
        try await RunningProgram.run(
            arguments + ["--issuer", server.issuer, "--storage-file", "storage", "--master-key-file", "master.key"],
            in: folder.url
        ).output
    }

    /// The number of notices that wait, read from the database.
    func waiting() async throws -> Int {
        let database: any SQLDatabase =
            if storage.hasPrefix("mariadb:") {
                MariaDBDatabase(try MariaDBSettings(storage))
            } else {
                try SQLiteDatabase(path: String(storage.dropFirst("sqlite:".count)))
            }
        let stores = SQLBackend(database).stores(for: try .init(server.issuer))
        let count = try await stores.logoutNotices.depth(at: Date())
        await database.close()
        return count
    }
}

@Suite("Back-channel logout while everything fails in turn", .serialized)
struct LogoutDeliveryTests {
    @Test(
        "Martlet, its database and the client are killed in turn: no logout is lost, and none is repeated once acknowledged",
        arguments: TestEngine.allCases)
    func kills(_ engine: TestEngine) async throws {
        let site = try await Site(engine)
        let receiver = site.receiver
        var sessions: [(browser: WebClient, idToken: String, sid: String)] = []
        for _ in 0..<40 { sessions.append(try await site.signIn()) }
        func signOut(_ count: Int) async throws -> [String] {
            var ended: [String] = []
            for _ in 0..<count {
                let session = sessions.removeLast()
                try await site.signOut(session)
                ended.append(session.sid)
            }
            return ended
        }
        func isTaken(_ sids: some Collection<String>) throws -> Bool {
            try Set(sids).isSubset(of: receiver.taken.map(\.sid))
        }
        // The client is down.
        var ended = try await signOut(8)
        try await until("it was tried") { site.server.program.output.contains("client not told of a logout") }
        let shown = try await site.command(["session", "show", ended[0]])
        #expect(shown.contains("web") && shown.contains("username"), "\(shown)")
        #expect(try await site.waiting() == 8)
        // Martlet is killed before it could tell anyone, then while it does.
        try await site.killServer()
        try receiver.start()
        try await site.startServer()
        ended += try await signOut(8)
        try await until("some were taken") { try !receiver.taken.isEmpty }
        try await site.killServer()
        try await site.startServer()
        // The client is killed.
        ended += try await signOut(4)
        receiver.kill()
        ended += try await signOut(4)
        try receiver.start()
        // The database is killed.
        ended += try await signOut(4)
        if let database = site.database {
            try database.kill()
            try database.start()
            ended += try await signOut(4)
        }
        try await until("every logout was taken", seconds: 180) { try isTaken(ended) }
        try await until("nothing waits") { try await site.waiting() == 0 }
        let taken = try receiver.taken
        #expect(Set(taken.map(\.sid)) == Set(ended), "nobody else was told")
        // A repetition has the same jti: the client can tell.
        for notices in Dictionary(grouping: taken, by: \.sid).values { #expect(Set(notices.map(\.jti)).count == 1) }
        // Four notices were in flight at each of at most five kills.
        #expect(taken.count <= ended.count + 5 * 4)
        try await site.server.stop()
        try await site.startServer()
        let last = try await signOut(1)
        try await until("the last logout was taken") { try isTaken(last) }
        #expect(try receiver.taken.count == taken.count + 1)
        try await site.server.stop()
    }
}
