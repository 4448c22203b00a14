import Foundation
import Synchronization
import TestSupport

/// An authorization created by the visitors, as its client knows it.
struct Held: Sendable {
    let number: Int
    var accessToken: String
    var refreshToken: String
    /// The number of acknowledged refreshes.
    var generation = 0
}

/// Users and their application. They sign in, redeem, refresh and revoke, each time on another node or on several
/// at once, and record every response.
struct Visitor: Sendable {
    let cluster: MartletNodes
    let recorder: Recorder
    let held: Holdings

    /// Runs until it is canceled.
    func run() async {
        while !Task.isCancelled {
            // A stopped node doesn't respond. Don't wait longer than a refusal takes.
            let browser = cluster.browser(timeout: 6)
            guard let code = await signIn(browser) else { continue }
            await use(code, browser)
            // While the session lasts, further codes need no password.
            for _ in 0..<8 where !Task.isCancelled {
                if let code = try? await authorize(browser) { await use(code, browser) }
            }
        }
    }

    private var anyServer: RunningServer { cluster.servers[Int.random(in: 0..<3)] }
    private func node(of server: RunningServer) -> Int {
        (cluster.servers.firstIndex { $0 === server } ?? 0) + 1
    }

    /// Signs in on three nodes in turn.
    private func signIn(_ browser: WebClient) async -> String? {
        do {
            let page = try await browser.on(anyServer).follow(
                browser.on(anyServer).get("/authorize?\(MartletNodes.query)"))
            let form = page.form
            let answer = try await browser.on(anyServer).post(
                form.action, form.fields + [("username", "bob"), ("password", MartletNodes.password)])
            return try await browser.on(anyServer).follow(answer).answer["code"]
        } catch { return nil }
    }

    private func authorize(_ browser: WebClient) async throws -> String? {
        try await browser.on(anyServer).follow(
            browser.on(anyServer).get("/authorize?\(MartletNodes.query)")
        ).answer["code"]
    }

    private func use(_ code: String, _ browser: WebClient) async {
        let number = held.next()
        let isRaced = Int.random(in: 0..<10) < 3
        let servers = isRaced ? cluster.servers : [anyServer]
        let form = MartletNodes.redemption(of: code)
        let winners = await ask(servers, number, .redeem, browser) {
            try await $0.post("/token", form, headers: [MartletNodes.secret])
        }
        guard let tokens = winners.first, var kept = Held(number, tokens) else { return }
        if !isRaced {
            var left = Int.random(in: 0...4)
            while left > 0, await refresh(&kept, browser) { left -= 1 }
            if Int.random(in: 0..<10) < 4 { await revoke(kept, browser) }
        }
        held.keep(kept)
    }

    /// Presents the refresh token, on one node or on several at once, until one responds. Returns `false` if it was
    /// refused, or if no node responded for a long time.
    func refresh(_ kept: inout Held, _ browser: WebClient) async -> Bool {
        let form = [("grant_type", "refresh_token"), ("refresh_token", kept.refreshToken)]
        // For half a minute, a retry counts as the same refresh.
        let deadline = recorder.now + 20
        // A canceled task leaves in-flight requests behind. Continuing after them would present an older token beside a
        // newer one.
        while recorder.now < deadline, !Task.isCancelled {
            let servers = Bool.random() ? [anyServer] : cluster.servers
            let refused = Mutex(false)
            let answers = await ask(servers, kept.number, .refresh(kept.generation), browser) { client in
                let answer = try await client.post("/token", form, headers: [MartletNodes.secret])
                if answer.status == 400 { refused.withLock { $0 = true } }
                return answer
            }
            if let tokens = answers.first, let next = Held(kept.number, tokens) {
                let generation = kept.generation + 1
                kept = next
                kept.generation = generation
                return true
            }
            if refused.withLock(\.self) { return false }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return false
    }

    private func revoke(_ kept: Held, _ browser: WebClient) async {
        for _ in 0..<40 where !Task.isCancelled {
            let done = await ask([anyServer], kept.number, .revoke, browser) { client in
                try await client.post("/revoke", [("token", kept.refreshToken)], headers: [MartletNodes.secret])
            }
            if !done.isEmpty { break }
            try? await Task.sleep(for: .milliseconds(200))
        }
        for server in cluster.servers { _ = await introspect(kept, on: server, browser) }
        let form = [("grant_type", "refresh_token"), ("refresh_token", kept.refreshToken)]
        _ = await ask([anyServer], kept.number, .refresh(kept.generation), browser) { client in
            try await client.post("/token", form, headers: [MartletNodes.secret])
        }
    }

    /// Returns the node's answer about the access token, or `nil` if it doesn't respond.
    func introspect(_ kept: Held, on server: RunningServer, _ browser: WebClient) async -> Bool? {
        let began = recorder.now
        let answer = try? await browser.on(server).post(
            "/introspect", [("token", kept.accessToken)], headers: [MartletNodes.secret])
        let isActive = answer?.status == 200 ? (try? json(answer?.body ?? ""))?["active"] as? Bool : nil
        recorder.add(
            Entry(
                kept.number, on: node(of: server), .introspect,
                isActive.map { $0 ? .acknowledged : .refused } ?? .unknown, from: began, to: recorder.now))
        return isActive
    }

    /// Asks all `servers` at once and records each response. Returns what was acknowledged.
    private func ask(
        _ servers: [RunningServer], _ number: Int, _ operation: Entry.Operation, _ browser: WebClient,
        _ request: @escaping @Sendable (WebClient) async throws -> WebClient.Answer
    ) async -> [WebClient.Answer] {
        await withTaskGroup(of: WebClient.Answer?.self) { group in
            for server in servers {
                group.addTask {
                    let began = recorder.now
                    let answer = try? await request(browser.on(server))
                    let outcome: Entry.Outcome =
                        switch answer?.status {
                        case 200: .acknowledged
                        case 400: .refused
                        default: .unknown
                        }
                    recorder.add(
                        Entry(number, on: node(of: server), operation, outcome, from: began, to: recorder.now))
                    return outcome == .acknowledged ? answer : nil
                }
            }
            return await group.reduce(into: []) { answers, answer in if let answer { answers.append(answer) } }
        }
    }
}

extension Held {
    init?(_ number: Int, _ answer: WebClient.Answer) {
        guard let tokens = try? json(answer.body), let access = tokens["access_token"] as? String,
            let refresh = tokens["refresh_token"] as? String
        else { return nil }
        self.init(number: number, accessToken: access, refreshToken: refresh)
    }
}

/// Every authorization that was acknowledged with tokens.
final class Holdings: Sendable {
    private let state = Mutex<(count: Int, kept: [Held])>((0, []))

    func next() -> Int {
        state.withLock { state in
            state.count += 1
            return state.count
        }
    }

    func keep(_ held: Held) { state.withLock { $0.kept.append(held) } }
    var all: [Held] { state.withLock { $0.kept } }
}
