import Dispatch

/// Runs password hashes on dedicated threads, one per core, and refuses callers when too many wait: hashing is the one
/// expensive operation that anyone can trigger.
package actor PasswordGate {
    private let width: Int
    private let queueLimit: Int
    private let threads = DispatchQueue(label: "martlet.password", attributes: .concurrent)
    private var running = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Up to `width` hashes run at once, and up to `queueLimit` more may wait.
    package init(width: Int, queueLimit: Int) {
        self.width = max(1, width)
        self.queueLimit = queueLimit
    }

    /// Runs `work` on a thread. Throws `PasswordGateFull` at once if the queue is full.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await withCheckedThrowingContinuation { continuation in
            threads.async { continuation.resume(with: Result(catching: work)) }
        }
    }

    private func enter() async throws {
        guard running >= width else {
            running += 1
            return
        }
        guard waiting.count < queueLimit else { throw PasswordGateFull() }
        // `leave` passes its slot on, so `running` stays the same.
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().resume() }
    }
}

/// Too many passwords are waiting to be hashed.
package struct PasswordGateFull: Error {}
