import Synchronization

/// Encoded records that wait to be sent. Adding one never blocks: a record that does not fit is dropped and counted.
final class ExportQueue: Sendable {
    struct Batch: Sendable {
        var records: [UInt8] = []
        var count = 0
    }

    private struct State {
        /// The batches, of which the last is being filled.
        var batches = [Batch()]
        var size = 0
        var dropped = 0
        /// Whether the last batch should be sent even though it is not full.
        var isDue = false
        var isClosed = false
    }

    /// Bytes per request (some 2,000 spans), and the limit of all waiting bytes.
    private let batchSize: Int
    private let limit: Int
    private let state = Mutex(State())
    /// Signals that there may be something to send. Ends when the queue is closed.
    let signals: AsyncStream<Void>
    private let signaller: AsyncStream<Void>.Continuation

    init(batchSize: Int = 512 << 10, limit: Int) {
        self.batchSize = batchSize
        self.limit = limit
        (signals, signaller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ record: [UInt8]) {
        let isFull = state.withLock { state in
            guard !state.isClosed, state.size + record.count <= limit else {
                state.dropped += 1
                return false
            }
            state.size += record.count
            let last = state.batches.count - 1
            state.batches[last].records.append(contentsOf: record)
            state.batches[last].count += 1
            guard state.batches[last].records.count >= batchSize else { return false }
            var next = Batch()
            // After a full batch, another is likely; reserving its capacity avoids repeated growth.
            next.records.reserveCapacity(batchSize + record.count)
            state.batches.append(next)
            return true
        }
        if isFull { signaller.yield() }
    }

    /// Returns the oldest batch that is full or due, or `nil` if there is none. Under load, a partial batch waits until
    /// it is due: otherwise each request would carry only what arrived during the previous one.
    func take() -> Batch? {
        state.withLock { state in
            if state.batches.count == 1 {
                guard state.isDue || state.isClosed else { return nil }
                state.isDue = false
                guard state.batches[0].count > 0 else { return nil }
                state.batches.append(Batch())
            }
            let batch = state.batches.removeFirst()
            state.size -= batch.records.count
            return batch
        }
    }

    /// Marks the waiting records as due, whether or not the batch is full.
    func flush() {
        state.withLock { $0.isDue = true }
        signaller.yield()
    }

    /// Accepts no more records. Waiting ones can still be taken.
    func close() {
        state.withLock { $0.isClosed = true }
        signaller.finish()
    }

    /// Returns the number of records dropped since the last call.
    func takeDropped() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }
}
