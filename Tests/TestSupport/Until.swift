/// Waits until `condition` is true; gives up after a time that no machine should need.
package func until(_ what: String, seconds: Double = 60, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw Unexpected("timed out waiting until \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}
