import Foundation
import JOSE
import Synchronization
import TestSupport

/// Users who sign in and out again, each time on other nodes. The client must be told of every acknowledged sign-out.
final class Departures: Sendable {
    private let cluster: MartletNodes
    /// The `sid` of each session whose end was acknowledged.
    private let ended = Mutex<Set<String>>([])

    init(cluster: MartletNodes) { self.cluster = cluster }

    private var anyServer: RunningServer { cluster.servers[Int.random(in: 0..<3)] }

    /// Runs until it is canceled.
    func run() async {
        while !Task.isCancelled { try? await visit() }
    }

    private func visit() async throws {
        // A stopped node doesn't respond. Don't wait longer than a refusal takes.
        let browser = cluster.browser(timeout: 6).on(anyServer)
        let answer = try await browser.signIn(
            MartletNodes.query, username: "bob", password: MartletNodes.password)
        guard let code = answer.answer["code"] else { return }
        let tokens = try await json(cluster.redeem(code, on: browser.on(anyServer)).body)
        guard let token = tokens["id_token"] as? String, let sid = try JWTClaims.of(token)["sid"]?.string else {
            return
        }
        let page = try await browser.on(anyServer).get("/logout?id_token_hint=\(token)")
        // Without a session, the page says the same: another answer may have been lost.
        if page.status == 200 { ended.withLock { _ = $0.insert(sid) } }
    }

    /// Waits for what is still on its way, and checks what the client was told.
    func checks(of receiver: LogoutReceiver) async -> [HistoryChecker.Check] {
        let ended = ended.withLock(\.self)
        try? await until("the client was told of every logout", seconds: 120) {
            try ended.isSubset(of: receiver.taken.map(\.sid))
        }
        let taken = (try? receiver.taken) ?? []
        let told = Dictionary(grouping: taken, by: \.sid)
        let renamed = told.filter { Set($0.value.map(\.jti)).count > 1 }.keys
        return [
            .init(name: "no acknowledged logout was lost", violations: ended.subtracting(told.keys).sorted()),
            .init(name: "repeated logout tokens keep their jti", violations: renamed.sorted()),
            .init(
                name: "the client was told of many logouts", violations: ended.count < 50 ? ["\(ended.count)"] : []),
        ]
    }
}
