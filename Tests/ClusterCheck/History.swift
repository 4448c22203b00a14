import Foundation
import Synchronization

/// One request to a node, and its outcome.
package struct Entry: Codable, Sendable {
    package enum Operation: Codable, Hashable, Sendable {
        case redeem
        /// Presents the refresh token of this generation.
        case refresh(Int)
        case revoke
        case introspect
    }

    package enum Outcome: String, Codable, Sendable {
        /// Status 200; `active` for an introspection.
        case acknowledged
        /// Status 400; `inactive` for an introspection.
        case refused
        /// No response, or 503: the outcome is unknown.
        case unknown
    }

    package let authorization: Int
    package let node: Int
    package let operation: Operation
    /// Seconds since the start of the run.
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

/// The final state of the database.
package struct FinalState: Sendable {
    /// By authorization; `nil` if there is no row.
    package var generations: [Int: Int?] = [:]
    /// Each node's answer about the newest access token of each authorization, once all is calm.
    package var isActive: [Int: [Bool]] = [:]

    package init() {}
}

/// Collects operations from many tasks.
final class Recorder: Sendable {
    private let start = ContinuousClock.now
    private let entries = Mutex<[Entry]>([])

    var now: Double { (ContinuousClock.now - start) / .seconds(1) }
    var all: [Entry] { entries.withLock { $0 } }

    func add(_ entry: Entry) { entries.withLock { $0.append(entry) } }
}
