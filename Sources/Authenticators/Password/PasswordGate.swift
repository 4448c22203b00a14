import Dispatch

/// Runs password hashes on threads of their own, one a core, and turns callers away when too many wait: hashing is
/// the one thing a stranger can make expensive.
package actor PasswordGate {
    private let width: Int
    private let queueLimit: Int
    private let threads = DispatchQueue(label: "martlet.password", attributes: .concurrent)
    private var running = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// `width` hashes at once; `queueLimit` more may wait.
    package init(width: Int, queueLimit: Int) {
        self.width = max(1, width)
        self.queueLimit = queueLimit
    }

    /// Throws `PasswordGateFull` at once when the queue is full.
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
        // Whoever leaves hands over the place, so `running` stays as it is.
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().resume() }
    }
}

/// More passwords wait to be hashed than can be in a reasonable time.
package struct PasswordGateFull: Error {}
