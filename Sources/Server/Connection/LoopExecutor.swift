import NIOCore

/// Runs the tasks of a connection on the event loop that reads and writes it, so that a request changes threads only to
/// wait for a thread that is not the server's, such as the database's (docs/decisions/0010).
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
