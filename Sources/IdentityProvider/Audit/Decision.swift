import Synchronization

/// Collects which rules decided in a request, and how: `martlet explain` tells them in their order.
package final class Decision: Sendable {
    private struct State {
        var notes: [String] = []
        var client: Identifier<Client>?
        var session: Identifier<Session>?
    }

    private let state = Mutex(State())
    /// More than any way through the provider takes.
    private static let limit = 64

    package init() {}

    package var notes: [String] { state.withLock(\.notes) }
    /// The registered client that the request is about, once it is known.
    var client: Identifier<Client>? { state.withLock(\.client) }
    /// The session of whoever asks, once it is known.
    var session: Identifier<Session>? { state.withLock(\.session) }

    /// Notes a rule that decided, as a sentence. It must hold no secret and nothing that a stranger typed: a rule's name,
    /// identifiers of what is stored, times and numbers.
    package static func note(_ sentence: @autoclosure () -> String) {
        RequestContext.current.decision.add(sentence())
    }

    /// Says which client the request is about.
    static func concerns(_ client: Identifier<Client>) {
        RequestContext.current.decision.state.withLock { $0.client = client }
    }

    /// Says whose session the request comes from.
    static func concerns(_ session: Identifier<Session>) {
        RequestContext.current.decision.state.withLock { $0.session = session }
    }

    private func add(_ sentence: String) {
        state.withLock { if $0.notes.count < Self.limit { $0.notes.append(String(sentence.prefix(500))) } }
    }
}
