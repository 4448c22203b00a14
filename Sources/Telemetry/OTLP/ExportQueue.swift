import Synchronization

/// Encoded records that wait to be sent. Whoever adds one never waits: what does not fit is dropped and counted.
final class ExportQueue: Sendable {
    struct Batch: Sendable {
        var records: [UInt8] = []
        var count = 0
    }

    private struct State {
        /// The last one is being filled.
        var batches = [Batch()]
        var size = 0
        var dropped = 0
        /// Whether the batch that is being filled is to go as it is.
        var isDue = false
        var isClosed = false
    }

    /// Bytes of one request, some 2,000 spans, and of all that waits.
    private let batchSize: Int
    private let limit: Int
    private let state = Mutex(State())
    /// Says that there may be something to send; ends when the queue is closed.
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
            // Where one was filled, another one will be; it is not to grow step by step.
            next.records.reserveCapacity(batchSize + record.count)
            state.batches.append(next)
            return true
        }
        if isFull { signaller.yield() }
    }

    /// The oldest batch that is full, or due; `nil` when there is none. Under load one that is not full waits for its
    /// time: requests with what came in during the last one would never end.
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

    /// Lets go what waits, full or not.
    func flush() {
        state.withLock { $0.isDue = true }
        signaller.yield()
    }

    /// Takes no more; what waits can still be taken.
    func close() {
        state.withLock { $0.isClosed = true }
        signaller.finish()
    }

    /// How many were dropped since this was asked last.
    func takeDropped() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }
}
