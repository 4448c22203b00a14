import Synchronization

/// Collects which rules decided in a request, and how: `martlet explain` tells them in their order.
package final class Decision: Sendable {
    private let kept = Mutex<[String]>([])
    /// More than any way through the provider takes.
    private static let limit = 64

    package init() {}

    package var notes: [String] { kept.withLock(\.self) }

    /// Notes a rule that decided, as a sentence. It must hold no secret and nothing that a stranger typed: a rule's name,
    /// identifiers of what is stored, times and numbers.
    package static func note(_ sentence: @autoclosure () -> String) {
        RequestContext.current.decision.add(sentence())
    }

    private func add(_ sentence: String) {
        kept.withLock { if $0.count < Self.limit { $0.append(String(sentence.prefix(500))) } }
    }
}
