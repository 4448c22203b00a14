import Synchronization
import TestSupport
import Testing

@testable import Outbound

@Suite("A limited number of tasks proceed at once", .timeLimit(.minutes(2)))
struct ConcurrencyLimitTests {
    @Test("all tasks run, and never more than the limit at once")
    func limit() async throws {
        let limit = ConcurrencyLimit(3)
        let running = Mutex((now: 0, most: 0))
        _ = try await race(200) { _ in
            try await limit.run {
                running.withLock { running in
                    running.now += 1
                    running.most = max(running.most, running.now)
                }
                await Task.yield()
                running.withLock { $0.now -= 1 }
            }
        }
        #expect(running.withLock { $0.most } <= 3)
        // Every slot is free again.
        for _ in 0..<3 { try await limit.enter() }
    }

    @Test("a canceled task leaves the queue at once, and the next one takes its turn")
    func cancellation() async throws {
        let limit = ConcurrencyLimit(1)
        try await limit.enter()
        let canceled = (0..<10).map { _ in Task { try await limit.enter() } }
        for task in canceled { task.cancel() }
        for task in canceled {
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        let next = Task { try await limit.run { "next" } }
        limit.leave()
        #expect(try await next.value == "next")
    }

    @Test("each server has its own limit, so a slow one doesn't delay others")
    func servers() async throws {
        let limits = RequestLimits(total: 3, perServer: 2)
        let gate = AsyncStream<Void>.makeStream()
        let running = Mutex(0)
        let visit: @Sendable (Int) async throws -> Void = { _ in
            try await limits.run(to: "slow:443") {
                running.withLock { $0 += 1 }
                for await _ in gate.stream {}
            }
        }
        let slow = Task { try await race(20, visit) }
        try await until("the slow server is busy") { running.withLock { $0 } == 2 }
        for _ in 0..<5 { #expect(try await limits.run(to: "other:443") { "answer" } == "answer") }
        #expect(running.withLock { $0 } == 2)
        gate.continuation.finish()
        _ = try await slow.value
        #expect(running.withLock { $0 } == 20)
    }
}
