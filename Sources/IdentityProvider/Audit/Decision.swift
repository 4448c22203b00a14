import Synchronization

/// Collects the decisions made during a request, in order, for `martlet explain`.
package final class Decision: Sendable {
    private struct State {
        var notes: [String] = []
        var client: Identifier<Client>?
        var session: Identifier<Session>?
        var hasAuthenticatedClient = false
    }

    private let state = Mutex(State())
    /// More decisions than any request needs.
    private static let limit = 64

    package init() {}

    package var notes: [String] { state.withLock(\.notes) }
    /// The registered client that the request concerns, once known.
    var client: Identifier<Client>? { state.withLock(\.client) }
    /// The session that the request belongs to, once known.
    var session: Identifier<Session>? { state.withLock(\.session) }

    /// Whether a client proved who it is. Limits on requests don't count such requests.
    var hasAuthenticatedClient: Bool { state.withLock(\.hasAuthenticatedClient) }

    /// Notes a decision as a sentence. The sentence must not contain secrets, only names of rules, identifiers of stored
    /// entities, times and numbers, and of a request at most an unregistered value, as `SentText`.
    package static func note(_ sentence: @autoclosure () -> String) {
        RequestContext.current.decision.add(sentence())
    }

    /// Sets the client that the request concerns.
    static func concerns(_ client: Identifier<Client>) {
        RequestContext.current.decision.state.withLock { $0.client = client }
    }

    /// Sets the session that the request belongs to.
    static func concerns(_ session: Identifier<Session>) {
        RequestContext.current.decision.state.withLock { $0.session = session }
    }

    /// Marks the request as one of a client that proved who it is.
    static func authenticatedClient() {
        RequestContext.current.decision.state.withLock { $0.hasAuthenticatedClient = true }
    }

    private func add(_ sentence: String) {
        state.withLock { if $0.notes.count < Self.limit { $0.notes.append(String(sentence.prefix(800))) } }
    }
}
