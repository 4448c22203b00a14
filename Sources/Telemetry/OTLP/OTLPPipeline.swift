import Metrics

/// The path of one signal to the collector. Records are encoded where they are created, wait in a bounded queue, and
/// are sent in batches by one task.
final class OTLPPipeline: Sendable {
    private let signal: OTLPSignal
    private let settings: OTLPSettings
    private let collector: Collector
    private let envelope: OTLPEnvelope
    private let queue: ExportQueue
    private let losses: ExportLosses

    init(
        _ signal: OTLPSignal, _ settings: OTLPSettings, _ collector: Collector, _ envelope: OTLPEnvelope,
        factory: any MetricsFactory
    ) {
        self.signal = signal
        self.settings = settings
        self.collector = collector
        self.envelope = envelope
        queue = ExportQueue(limit: settings.queueLimit)
        losses = ExportLosses(signal, factory: factory)
    }

    /// Queues an encoded record, which is a field 2 of the scope's message.
    func add(_ record: [UInt8]) { queue.add(record) }

    func close() { queue.close() }

    /// Sends until the queue is closed, and then sends the rest. If the task is canceled, unsent records are lost.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: settings.interval)
                    // Reported here rather than in the sending loop, which an unreachable collector blocks.
                    noteDropped()
                    queue.flush()
                }
            }
            for await _ in queue.signals { await drain() }
            await drain()
            noteDropped()
            group.cancelAll()
        }
    }

    private func noteDropped() { losses.note(queue.takeDropped(), cause: "the queue was full") }

    private func drain() async {
        while let batch = queue.take() { await send(batch) }
    }

    private func send(_ batch: ExportQueue.Batch) async {
        let body = envelope.request(batch.records)
        var deadline = ContinuousClock.now + settings.patience
        var pause = ExportPause(first: settings.pause)
        while !Task.isCancelled {
            switch await collector.send(body, of: signal) {
            case .taken(let rejected):
                return losses.note(min(rejected, batch.count), cause: "the collector rejected it")
            case .refused(let cause): return losses.note(batch.count, cause: cause)
            case .retry(let asked, let cause):
                guard ContinuousClock.now < deadline else { return losses.note(batch.count, cause: cause) }
                let own = pause.take()
                let wait = max(own, ExportPause.asked(asked))
                // A delay that the collector asks for does not count toward the retry budget; our own delays do.
                deadline += wait - own
                try? await Task.sleep(for: wait)
            }
        }
        losses.note(batch.count, cause: "the program ended")
    }
}
