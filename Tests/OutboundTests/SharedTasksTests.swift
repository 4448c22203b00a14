import Synchronization
import TestSupport
import Testing

@testable import Outbound

@Suite("Callers share one task", .timeLimit(.minutes(2)))
struct SharedTasksTests {
    @Test("a canceled caller returns at once, and the task is canceled with its last caller")
    func leaving() async throws {
        let shared = SharedTasks<String, Int>()
        let begun = Mutex(0)
        let canceled = Mutex(0)
        let call: @Sendable () async throws -> Int = {
            try await shared.value(for: "key") {
                begun.withLock { $0 += 1 }
                do { try await Task.sleep(for: .seconds(3_600)) } catch { canceled.withLock { $0 += 1 } }
                return 1
            }
        }
        let callers = (0..<10).map { _ in Task(operation: call) }
        try await until("all wait for one task") { shared.callers(for: "key") == 10 && begun.withLock { $0 } == 1 }
        for caller in callers.dropLast() {
            caller.cancel()
            await #expect(throws: CancellationError.self) { try await caller.value }
        }
        #expect(canceled.withLock { $0 } == 0)
        callers[9].cancel()
        await #expect(throws: CancellationError.self) { try await callers[9].value }
        // The next caller gets a new task, not the result of the canceled one.
        #expect(try await shared.value(for: "key") { 2 } == 2)
        try await until("it was canceled") { canceled.withLock { $0 } == 1 }
        #expect(begun.withLock { $0 } == 1)
    }

    @Test("of many callers, some canceled, each gets its result or returns early")
    func races() async throws {
        let shared = SharedTasks<Int, Int>()
        let results = try await race(500) { number in
            let caller = Task {
                try await shared.value(for: number % 5) {
                    await Task.yield()
                    return number % 5
                }
            }
            if number.isMultiple(of: 3) { caller.cancel() }
            do { return try await caller.value == number % 5 } catch is CancellationError {
                return number.isMultiple(of: 3)
            }
        }
        #expect(results.allSatisfy { $0 })
    }
}
