import NIOCore
import NIOPosix

/// Runs the tasks of a connection on the event loop that reads and writes it, so that a request changes threads only to
/// wait for a thread that is not the server's, such as the database's (docs/decisions/0010).
final class LoopExecutor: TaskExecutor {
    /// One for each loop, for as long as the program runs, as the loops themselves: tasks hold no reference to the one that
    /// they prefer, and a thread that wakes one of them may come after the end of its connection.
    private static let all = Dictionary(
        uniqueKeysWithValues: MultiThreadedEventLoopGroup.singleton.makeIterator().map {
            (ObjectIdentifier($0), LoopExecutor($0))
        })

    private let loop: any EventLoop

    private init(_ loop: any EventLoop) { self.loop = loop }

    /// `nil` for a loop that is not the program's own.
    static func of(_ loop: any EventLoop) -> LoopExecutor? { all[ObjectIdentifier(loop)] }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
