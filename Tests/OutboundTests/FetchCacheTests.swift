import FoundationEssentials
import HTTPTypes
import IdentityProvider
import Synchronization
import TestSupport
import Testing

@testable import Outbound

@Suite("RFC 9111: responses of other servers are cached within limits", .timeLimit(.minutes(5)))
struct FetchCacheTests {
    private static let caching = FetchCaching(
        minimumLifetime: 10, maximumLifetime: 100, staleLifetime: 50, failureLifetime: 5, maximumCount: 3)

    private let clock = TestClock()
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func fetcher() -> GuardedFetcher { GuardedFetcher(now: { [clock] in clock.now }) }

    private func server(_ answer: @escaping OriginServer.Answer) async throws -> OriginServer {
        try await OriginServer(authority.context(for: "DNS:localhost"), answer)
    }

    private var policy: FetchPolicy { .test(authority, caching: Self.caching) }

    private func body(_ fetcher: GuardedFetcher, _ server: OriginServer, _ path: String = "/") async throws -> String {
        let request = FetchRequest(.get, "https://localhost:\(server.port)\(path)")
        return String(decoding: try await fetcher.fetch(request, under: policy).body, as: UTF8.self)
    }

    /// Returns the status with which the fetch fails.
    private func failure(_ fetcher: GuardedFetcher, _ server: OriginServer, _ path: String = "/") async throws -> Int? {
        do { _ = try await body(fetcher, server, path) } catch FetchError.unsuccessful(_, let response) {
            return response.status
        }
        return nil
    }

    @Test("a fresh response is reused; a stale one is revalidated by its entity tag")
    func revalidation() async throws {
        let server = try await server { asked, output in
            guard asked.fields["if-none-match"] == "\"1\"" else {
                return try await output.respond(200, ["Cache-Control: max-age=20", "ETag: \"1\""], "first")
            }
            try await output.respond(304, ["Cache-Control: max-age=30", "ETag: \"1\""], "")
        }
        let fetcher = fetcher()
        #expect(try await body(fetcher, server) == "first")
        clock.advance(by: 19)
        #expect(try await body(fetcher, server) == "first")
        #expect(server.asked.count == 1)
        clock.advance(by: 1)
        #expect(try await body(fetcher, server) == "first")
        #expect(server.asked.compactMap { $0.fields["if-none-match"] } == ["\"1\""])
        // For as long as the 304 response says.
        clock.advance(by: 29)
        #expect(try await body(fetcher, server) == "first")
        #expect(server.asked.count == 2)
        clock.advance(by: 1)
        #expect(try await body(fetcher, server) == "first")
        #expect(server.asked.count == 3)
    }

    @Test("a changed response replaces the old one")
    func changed() async throws {
        let number = Mutex(0)
        let server = try await server { _, output in
            let count = number.withLock { number in
                number += 1
                return number
            }
            try await output.respond(200, ["ETag: \"\(count)\""], "\(count)")
        }
        let fetcher = fetcher()
        #expect(try await body(fetcher, server) == "1")
        clock.advance(by: 10)
        #expect(try await body(fetcher, server) == "2")
        #expect(try await body(fetcher, server) == "2")
        clock.advance(by: 10)
        #expect(try await body(fetcher, server) == "3")
        #expect(server.asked.map { $0.fields["if-none-match"] } == [nil, "\"1\"", "\"2\""])
    }

    @Test("concurrent callers share one request")
    func coalescing() async throws {
        let reads = Mutex(0)
        let gate = AsyncStream<Void>.makeStream()
        let server = try await server { _, output in
            for await _ in gate.stream {}
            try await output.respond(200, ["Cache-Control: max-age=20"], "one")
        }
        let fetcher = GuardedFetcher(now: { [clock] in
            reads.withLock { $0 += 1 }
            return clock.now
        })
        let bodies = Task { try await race(64) { _ in try await body(fetcher, server) } }
        try await until("all callers wait") { reads.withLock { $0 } == 64 }
        gate.continuation.finish()
        #expect(try await bodies.value == Array(repeating: "one", count: 64))
        #expect(server.asked.count == 1)
    }

    @Test("a canceled caller doesn't affect the others")
    func canceledCaller() async throws {
        let reads = Mutex(0)
        let gate = AsyncStream<Void>.makeStream()
        let server = try await server { _, output in
            for await _ in gate.stream {}
            try await output.respond(200, [], "one")
        }
        let fetcher = GuardedFetcher(now: { [clock] in
            reads.withLock { $0 += 1 }
            return clock.now
        })
        let first = Task { try await body(fetcher, server) }
        try await until("it was asked") { !server.asked.isEmpty }
        let others = Task { try await race(20) { _ in try await body(fetcher, server) } }
        try await until("all callers wait") { reads.withLock { $0 } == 21 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        gate.continuation.finish()
        #expect(try await others.value == Array(repeating: "one", count: 20))
        #expect(server.asked.count == 1)
    }

    @Test("a canceled caller returns at once, and the request ends with its last caller")
    func lastCaller() async throws {
        let ended = Mutex(false)
        let server = try await server { _, output in
            try await output.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            // Blocks until the client disconnects.
            do {
                while true {
                    try await output.send("0001\r\nx\r\n")
                    try await Task.sleep(for: .milliseconds(20))
                }
            } catch { ended.withLock { $0 = true } }
        }
        let fetcher = fetcher()
        let patient = FetchPolicy.test(
            authority, timeout: .seconds(600), maximumSize: 1_000_000_000, caching: Self.caching)
        let callers = (0..<2).map { _ in
            Task { try await fetcher.fetch(FetchRequest(.get, "https://localhost:\(server.port)/"), under: patient) }
        }
        try await until("it was asked") { !server.asked.isEmpty }
        for caller in callers {
            #expect(!ended.withLock { $0 })
            caller.cancel()
            await #expect(throws: CancellationError.self) { try await caller.value }
        }
        try await until("the request has ended") { ended.withLock { $0 } }
        #expect(server.asked.count == 1)
    }

    @Test("in-flight requests evict nothing")
    func inFlight() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let server = try await server { asked, output in
            if asked.path.hasPrefix("/slow") { for await _ in gate.stream {} }
            try await output.respond(404)
        }
        let good = try await self.server { _, output in try await output.respond() }
        let fetcher = fetcher()
        for path in ["/1", "/2", "/3"] { _ = try await body(fetcher, good, path) }
        let slow = (0..<8).map { number in Task { try await failure(fetcher, server, "/slow/\(number)") } }
        try await until("the server is asked") { server.asked.count == 4 }
        for path in ["/1", "/2", "/3"] { _ = try await body(fetcher, good, path) }
        gate.continuation.finish()
        for task in slow { #expect(try await task.value == 404) }
        // Failures evict nothing either.
        for path in ["/1", "/2", "/3"] { _ = try await body(fetcher, good, path) }
        #expect(good.asked.count == 3)
    }

    @Test("URLs that differ only in the case of the host share one response")
    func sameHost() async throws {
        let server = try await server { _, output in try await output.respond() }
        let fetcher = fetcher()
        for host in ["localhost", "LOCALHOST", "Localhost"] {
            _ = try await fetcher.fetch(FetchRequest(.get, "https://\(host):\(server.port)"), under: policy)
            _ = try await fetcher.fetch(FetchRequest(.get, "https://\(host):\(server.port)/"), under: policy)
        }
        #expect(server.asked.count == 1)
    }

    @Test("the body and header fields of a failed response are not kept")
    func failureContent() async throws {
        let server = try await server { _, output in try await output.respond(404, ["X-Field: value"], "body") }
        let fetcher = fetcher()
        var responses: [FetchResponse] = []
        for _ in 0..<2 {
            do { _ = try await body(fetcher, server) } catch FetchError.unsuccessful(_, let response) {
                responses.append(response)
            }
        }
        #expect(responses.map { String(decoding: $0.body, as: UTF8.self) } == ["body", ""])
        #expect(responses.map(\.headers.isEmpty) == [false, true])
        #expect(responses.map(\.status) == [404, 404])
        #expect(server.asked.count == 1)
    }

    @Test(
        "a failure on our side keeps the document, and being busy is not cached",
        arguments: [(FetchError.unreadableAuthorities(file: "file"), 2), (.busy(host: "localhost"), 3)])
    func ownFault(_ fault: FetchError, _ expectedCount: Int) async throws {
        let cache = FetchCache(now: { [clock] in clock.now })
        let count = Mutex(0)
        func status() async throws -> Int {
            try await cache.response(to: FetchRequest(.get, "https://localhost/"), under: policy, Self.caching) { _ in
                let isFirst = count.withLock { count in
                    count += 1
                    return count == 1
                }
                guard isFirst else { throw fault }
                return FetchResponse(status: 200)
            }.status
        }
        #expect(try await status() == 200)
        clock.advance(by: 10)
        for _ in 0..<2 { #expect(try await status() == 200) }
        #expect(count.withLock { $0 } == expectedCount)
    }

    @Test("no-store is honored, whatever the limits")
    func noStore() async throws {
        let server = try await server { _, output in try await output.respond(200, ["Cache-Control: no-store"]) }
        let fetcher = fetcher()
        for _ in 0..<3 { _ = try await body(fetcher, server) }
        #expect(server.asked.count == 3)
    }

    @Test("after a failure, the server is not asked again for a while")
    func negative() async throws {
        let server = try await server { _, output in try await output.respond(404) }
        let fetcher = fetcher()
        let statuses = try await race(20) { _ in try await failure(fetcher, server) }
        #expect(statuses == Array(repeating: 404, count: 20))
        clock.advance(by: 4)
        #expect(try await failure(fetcher, server) == 404)
        #expect(server.asked.count == 1)
        clock.advance(by: 1)
        #expect(try await failure(fetcher, server) == 404)
        #expect(server.asked.count == 2)
    }

    @Test("while the server fails, the stale response is used for a limited time")
    func stale() async throws {
        let status = Mutex(200)
        let server = try await server { asked, output in
            try await output.respond(
                status.withLock { $0 }, asked.path == "/strict" ? ["Cache-Control: must-revalidate"] : [], "kept")
        }
        let fetcher = fetcher()
        for path in ["/", "/strict"] { #expect(try await body(fetcher, server, path) == "kept") }
        status.withLock { $0 = 503 }
        clock.advance(by: 10)
        #expect(try await body(fetcher, server) == "kept")
        #expect(try await failure(fetcher, server, "/strict") == 503)
        // During the pause after a failure.
        #expect(try await body(fetcher, server) == "kept")
        #expect(server.asked.count == 4)
        clock.advance(by: 49)
        #expect(try await body(fetcher, server) == "kept")
        clock.advance(by: 5)
        #expect(try await failure(fetcher, server) == 503)
        // The server has recovered.
        status.withLock { $0 = 200 }
        clock.advance(by: 5)
        #expect(try await body(fetcher, server) == "kept")
    }

    @Test("a document that the server removed is no longer used")
    func gone() async throws {
        let status = Mutex(200)
        let server = try await server { _, output in try await output.respond(status.withLock { $0 }) }
        let fetcher = fetcher()
        _ = try await body(fetcher, server)
        status.withLock { $0 = 404 }
        clock.advance(by: 10)
        #expect(try await failure(fetcher, server) == 404)
        status.withLock { $0 = 503 }
        clock.advance(by: 5)
        #expect(try await failure(fetcher, server) == 503)
    }

    @Test("when the cache is full, failures and the least recently used responses are evicted first")
    func eviction() async throws {
        let server = try await server { asked, output in try await output.respond(asked.path == "/bad" ? 404 : 200) }
        let fetcher = fetcher()
        for path in ["/1", "/bad", "/2", "/1", "/3"] {
            _ = try await failure(fetcher, server, path)
            clock.advance(by: 0.1)
        }
        #expect(server.asked.map(\.path) == ["/1", "/bad", "/2", "/3"])
        for path in ["/1", "/2", "/3"] {
            _ = try await body(fetcher, server, path)
            clock.advance(by: 0.1)
        }
        #expect(server.asked.count == 4)
        for path in ["/4", "/2", "/3", "/1"] {
            clock.advance(by: 0.1)
            _ = try await body(fetcher, server, path)
        }
        #expect(server.asked.map(\.path).dropFirst(4) == ["/4", "/1"])
    }

    @Test("RFC 9111 §5.2.1.4: a request with no-cache replaces what is cached, even a failure")
    func reload() async throws {
        let status = Mutex(200)
        let server = try await server { asked, output in
            try await output.respond(status.withLock { $0 }, [], asked.fields["cache-control"] ?? "first")
        }
        let fetcher = fetcher()
        let request = FetchRequest(
            .get, "https://localhost:\(server.port)/", headers: [.cacheControl: "no-cache"])
        #expect(try await body(fetcher, server) == "first")
        #expect(try await fetcher.fetch(request, under: policy).body == Array("no-cache".utf8))
        #expect(try await body(fetcher, server) == "no-cache")
        #expect(server.asked.count == 2)
        status.withLock { $0 = 404 }
        await #expect(throws: FetchError.self) { try await fetcher.fetch(request, under: policy) }
        #expect(try await failure(fetcher, server) == 404)
        #expect(server.asked.count == 3)
        status.withLock { $0 = 200 }
        _ = try await fetcher.fetch(request, under: policy)
        #expect(try await body(fetcher, server) == "no-cache")
        #expect(server.asked.count == 4)
    }

    @Test("policies don't share responses, and POST is never answered from the cache")
    func separation() async throws {
        let server = try await server { _, output in try await output.respond() }
        let fetcher = fetcher()
        _ = try await body(fetcher, server)
        let strict = FetchPolicy.test(allowsPrivateNetworks: false, authority, caching: Self.caching)
        let request = FetchRequest(.get, "https://localhost:\(server.port)/")
        await #expect(throws: FetchError.self) { try await fetcher.fetch(request, under: strict) }
        let post = FetchRequest(.post, "https://localhost:\(server.port)/")
        for _ in 0..<2 { _ = try await fetcher.fetch(post, under: policy) }
        #expect(server.asked.map(\.method) == ["GET", "POST", "POST"])
    }

    @Test(
        "RFC 9111 §5.2.2: how many seconds a response is fresh, within the limits",
        arguments: [
            (nil, nil, 10), ("max-age=20", nil, 20), ("public, Max-Age = \"20\"", nil, 20), ("max-age=0", nil, 10),
            ("max-age=86400", nil, 100), ("max-age=99999999999999999999999", nil, 10), ("max-age=-1", nil, 10),
            ("max-age", nil, 10), ("max-age=60, max-age=20", nil, 20), ("no-cache, max-age=60", nil, 10),
            ("max-age=60", "20", 40), ("max-age=60", "nan", 60), ("max-age=20", "86400", 10), ("no-store", nil, nil),
            ("max-age=60, No-Store", nil, nil),
        ] as [(String?, String?, TimeInterval?)])
    func lifetime(_ directives: String?, age: String?, expected: TimeInterval?) {
        var headers = HTTPFields()
        headers[.cacheControl] = directives
        headers[.age] = age
        let stored = StoredResponse(
            FetchResponse(status: 200, headers: headers), receivedAt: clock.now, within: Self.caching)
        #expect(stored?.freshUntil == expected.map { clock.now + $0 })
    }
}
