import Synchronization

/// Shares one task among concurrent callers that ask for the same key. The task is canceled
/// when its last caller has left.
final class SharedTasks<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Caller = CheckedContinuation<Value, any Error>

    private struct Shared {
        let number: Int
        let task: Task<Void, Never>
        var callers: [Int: Caller] = [:]
    }

    private struct State {
        var count = 0
        var shared: [Key: Shared] = [:]
    }

    private let state = Mutex(State())

    /// Returns or throws what `work` does. A canceled caller leaves at once with `CancellationError`.
    func value(for key: Key, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (caller: Caller) in
                let hasJoined = state.withLock { state in
                    // Checked under the lock, so that a cancellation either is seen here or finds the caller.
                    guard !Task.isCancelled else { return false }
                    var shared = state.shared[key] ?? Shared(number: number, task: start(work, for: key, number))
                    shared.callers[number] = caller
                    state.shared[key] = shared
                    return true
                }
                if !hasJoined { caller.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            leave(number, key)
        }
    }

    /// Returns the number of callers that wait for `key`.
    func callers(for key: Key) -> Int { state.withLock { $0.shared[key]?.callers.count ?? 0 } }

    private func start(
        _ work: @escaping @Sendable () async throws -> Value, for key: Key, _ number: Int
    ) -> Task<Void, Never> {
        Task {
            let result: Result<Value, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            finish(key, number, with: result)
        }
    }

    private func finish(_ key: Key, _ number: Int, with result: Result<Value, any Error>) {
        let callers: [Caller] = state.withLock { state in
            // Another task may have replaced a canceled one.
            guard let shared = state.shared[key], shared.number == number else { return [] }
            state.shared[key] = nil
            return Array(shared.callers.values)
        }
        for caller in callers { caller.resume(with: result) }
    }

    private func leave(_ number: Int, _ key: Key) {
        let (caller, abandoned): (Caller?, Task<Void, Never>?) = state.withLock { state in
            guard let caller = state.shared[key]?.callers.removeValue(forKey: number) else { return (nil, nil) }
            guard state.shared[key]?.callers.isEmpty == true else { return (caller, nil) }
            return (caller, state.shared.removeValue(forKey: key)?.task)
        }
        abandoned?.cancel()
        caller?.resume(throwing: CancellationError())
    }
}
