import NIOCore
import NIOPosix

/// Runs the tasks of a connection on the event loop that serves it. A request leaves it only to wait for a thread
/// outside the server, such as the database's (docs/decisions/0010).
final class LoopExecutor: TaskExecutor {
    /// One executor per event loop, kept for the life of the program like the loops. Tasks don't retain their preferred
    /// executor, and a thread may resume a task after its connection has ended.
    private static let all = Dictionary(
        uniqueKeysWithValues: MultiThreadedEventLoopGroup.singleton.makeIterator().map {
            (ObjectIdentifier($0), LoopExecutor($0))
        })

    private let loop: any EventLoop

    private init(_ loop: any EventLoop) { self.loop = loop }

    /// Returns `nil` for a loop outside the singleton group.
    static func of(_ loop: any EventLoop) -> LoopExecutor? { all[ObjectIdentifier(loop)] }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
