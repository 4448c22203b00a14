/// Runs `work` for at most `seconds`. Throws `DeadlinePassed` if that is not enough.
package func within<Value: Sendable>(
    _ seconds: Double, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: .seconds(seconds))
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else { throw DeadlinePassed(seconds: seconds) }
        return value
    }
}

package struct DeadlinePassed: Error {
    package let seconds: Double
}
