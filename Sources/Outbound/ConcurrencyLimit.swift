import Synchronization

/// Lets a limited number of tasks proceed at once. The others wait in line.
final class ConcurrencyLimit: Sendable {
    private typealias Waiting = CheckedContinuation<Void, any Error>

    private struct State {
        var free: Int
        var tickets = 0
        var waiting: [Int: Waiting] = [:]
        /// Tickets in order of arrival, including those of canceled tasks.
        var line: [Int] = []
    }

    private let state: Mutex<State>

    init(_ limit: Int) { state = Mutex(State(free: limit)) }

    /// Throws `CancellationError` if the task is canceled while it waits, or what `body` throws.
    func run<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return try await body()
    }

    /// Must be followed by `leave`. Throws `CancellationError`.
    func enter() async throws {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: Waiting) in
                let admission: Result<Void, CancellationError>? = state.withLock { state in
                    // Checked under the lock, so that a cancellation either is seen here or finds the continuation.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.free > 0 {
                        state.free -= 1
                        return .success(())
                    }
                    state.waiting[ticket] = continuation
                    state.line.append(ticket)
                    return nil
                }
                switch admission {
                case .success: continuation.resume()
                case .failure(let error): continuation.resume(throwing: error)
                case nil: break
                }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(throwing: CancellationError())
        }
    }

    func leave() {
        let next: Waiting? = state.withLock { state in
            while !state.line.isEmpty {
                if let next = state.waiting.removeValue(forKey: state.line.removeFirst()) { return next }
            }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
