import FoundationEssentials
import HTTPTypes
import IdentityProvider
import Synchronization

/// Responses and recent failures, by policy. Concurrent callers for one URL share one request.
final class FetchCache: Sendable {
    typealias Send = @Sendable (FetchRequest) async throws -> FetchResponse

    private struct Entry {
        var stored: StoredResponse?
        var failure: (error: FetchError, until: Date)?
        var inFlight: Task<FetchResponse, any Error>?
        var usedAt: Date

        var isEmpty: Bool { stored == nil && failure == nil && inFlight == nil }

        /// The result without a request. `nil` if one is due.
        func answer(at moment: Date) -> Result<FetchResponse, FetchError>? {
            if let stored, stored.freshUntil > moment { return .success(stored.response) }
            if let failure, failure.until > moment { return outcome(of: failure.error, at: moment) }
            return nil
        }

        /// The stale response where one may stand in, else the failure.
        func outcome(of failure: FetchError, at moment: Date) -> Result<FetchResponse, FetchError> {
            guard failure.isTransient, let stored, stored.usableUntil > moment else { return .failure(failure) }
            return .success(stored.response)
        }
    }

    private enum Lookup {
        case done(FetchResponse)
        case pending(Task<FetchResponse, any Error>)
    }

    private let state = Mutex<[FetchPolicy: [FetchRequest: Entry]]>([:])
    private let now: @Sendable () -> Date

    init(now: @escaping @Sendable () -> Date) { self.now = now }

    /// Throws what `send` throws, and `FetchError` again while the failure counts.
    func response(
        to request: FetchRequest, under policy: FetchPolicy, _ caching: FetchCaching, _ send: @escaping Send
    ) async throws -> FetchResponse {
        let moment = now()
        let lookup: Lookup = try state.withLock { state in
            var entry = state[policy]?[request] ?? Entry(usedAt: moment)
            entry.usedAt = moment
            defer { Self.keep(entry, for: request, in: &state[policy, default: [:]], caching) }
            if let answer = entry.answer(at: moment) { return .done(try answer.get()) }
            // Not part of the caller's task: others wait for it, even if the caller is canceled.
            let task =
                entry.inFlight
                ?? Task { [stored = entry.stored] in
                    try await self.refresh(request, stored, under: policy, caching, send)
                }
            entry.inFlight = task
            return .pending(task)
        }
        switch lookup {
        case .done(let response): return response
        case .pending(let task): return try await task.value
        }
    }

    /// Sends the request, conditionally if a response is stored (RFC 9111 §4.3.1), and keeps the outcome.
    private func refresh(
        _ request: FetchRequest, _ stored: StoredResponse?, under policy: FetchPolicy, _ caching: FetchCaching,
        _ send: Send
    ) async throws -> FetchResponse {
        var conditional = request
        if let tag = stored?.entityTag { conditional.headers[.ifNoneMatch] = tag }
        let result: Result<FetchResponse, any Error>
        do { result = .success(try await send(conditional)) } catch { result = .failure(error) }
        let moment = now()
        return try state.withLock { state in
            var entry = state[policy]?[request] ?? Entry(usedAt: moment)
            entry.inFlight = nil
            defer { Self.keep(entry, for: request, in: &state[policy, default: [:]], caching) }
            switch result {
            case .success(let response):
                entry.failure = nil
                guard response.status == 304, let stored else {
                    entry.stored = StoredResponse(response, receivedAt: moment, within: caching)
                    return response
                }
                entry.stored = stored.revalidated(by: response, at: moment, within: caching)
                return stored.response
            case .failure(let failure as FetchError):
                entry.failure = (failure, moment + caching.failureLifetime)
                // A definitive refusal withdraws the document.
                if !failure.isTransient { entry.stored = nil }
                return try entry.outcome(of: failure, at: moment).get()
            case .failure(let error): throw error
            }
        }
    }

    /// Keeps an entry, and evicts the least recently used beyond the limit, failures first. Requests in flight stay.
    private static func keep(
        _ entry: Entry, for request: FetchRequest, in entries: inout [FetchRequest: Entry], _ caching: FetchCaching
    ) {
        entries[request] = entry.isEmpty ? nil : entry
        while entries.count > caching.maximumCount {
            let idle = entries.lazy.filter { $0.value.inFlight == nil }
            let least = idle.min { left, right in
                let (hasLeft, hasRight) = (left.value.stored != nil, right.value.stored != nil)
                return hasLeft == hasRight ? left.value.usedAt < right.value.usedAt : !hasLeft
            }
            guard let least else { return }
            entries[least.key] = nil
        }
    }
}
