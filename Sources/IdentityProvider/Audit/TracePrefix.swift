import FoundationEssentials

/// The beginning of a trace: at least eight of its 32 digits, as many as text logs show.
package struct TracePrefix: Sendable, Hashable {
    package let text: String
    /// The most traces that a search returns.
    package static let limit = 20

    package init(_ text: String) throws(InvalidValue) {
        self.text = text.lowercased()
        guard (8...32).contains(text.utf8.count), self.text.utf8.allSatisfy({ UInt8.hexadecimal.contains($0) }) else {
            throw InvalidValue("must be a trace: its 32 hexadecimal digits, or at least the first 8 of them")
        }
    }
}

extension UInt8 {
    fileprivate static let hexadecimal = Set("0123456789abcdef".utf8)
}

extension AuditStore {
    /// Returns the records of each trace that begins with `prefix`, oldest first: of the first 20 traces, and at most
    /// 1,000 of each.
    ///
    /// A running server stores records a moment after it responded. Waits for them, up to `patience`: until there are
    /// some, and no more arrive.
    package func records(
        ofTracesWith prefix: TracePrefix, waiting patience: Duration = .seconds(2)
    ) async throws -> [[AuditRecord]] {
        let deadline = ContinuousClock.now + patience
        var known: [[AuditRecord]] = []
        while true {
            let found = try await stored(ofTracesWith: prefix)
            let isOld = found.allSatisfy { $0.last.map { $0.time.timeIntervalSinceNow < -1 } ?? true }
            if !found.isEmpty, isOld || found == known { return found }
            guard ContinuousClock.now < deadline else { return found }
            known = found
            try await Task.sleep(for: AuditWriter.interval * 2)
        }
    }

    private func stored(ofTracesWith prefix: TracePrefix) async throws -> [[AuditRecord]] {
        var found: [[AuditRecord]] = []
        for trace in try await traces(beginningWith: prefix.text, limit: TracePrefix.limit) {
            var query = AuditQuery()
            (query.trace, query.limit) = (trace, 1_000)
            found.append(try await find(query).map(\.record))
        }
        return found
    }
}
