import Foundation
import Synchronization

/// One thing that a client asked of a node, and what came of it.
package struct Entry: Codable, Sendable {
    package enum Operation: Codable, Hashable, Sendable {
        case redeem
        /// Presents the refresh token of this generation.
        case refresh(Int)
        case revoke
        case introspect
    }

    package enum Outcome: String, Codable, Sendable {
        /// Answered 200; `active` for an introspection.
        case acknowledged
        /// Answered 400; `inactive` for an introspection.
        case refused
        /// No answer, or 503: nobody knows whether it was done.
        case unknown
    }

    package let authorization: Int
    package let node: Int
    package let operation: Operation
    /// Seconds since the run began.
    package let began: Double
    package let ended: Double
    package let outcome: Outcome

    package init(
        _ authorization: Int, on node: Int = 0, _ operation: Operation, _ outcome: Outcome, from began: Double,
        to ended: Double
    ) {
        self.authorization = authorization
        self.node = node
        self.operation = operation
        self.outcome = outcome
        self.began = began
        self.ended = ended
    }
}

/// What is in the database at the end.
package struct FinalState: Sendable {
    /// By authorization; `nil` when there is no row.
    package var generations: [Int: Int?] = [:]
    /// What each node says of the newest access token of each authorization, after all is calm.
    package var isActive: [Int: [Bool]] = [:]

    package init() {}
}

/// Takes what happens, from many tasks.
final class Recorder: Sendable {
    private let start = ContinuousClock.now
    private let entries = Mutex<[Entry]>([])

    var now: Double { (ContinuousClock.now - start) / .seconds(1) }
    var all: [Entry] { entries.withLock { $0 } }

    func add(_ entry: Entry) { entries.withLock { $0.append(entry) } }
}
