import FoundationEssentials
import HTTPTypes
import IdentityProvider
import Synchronization

/// Caches responses and recent failures by policy. Concurrent callers for one URL share one request.
final class FetchCache: Sendable {
    typealias Send = @Sendable (FetchRequest) async throws -> FetchResponse

    private struct Entry {
        var stored: StoredResponse?
        var failure: (error: FetchError, until: Date)?
        var usedAt: Date

        /// Returns the result without a request, or `nil` if a request is due.
        func answer(at moment: Date) -> Result<FetchResponse, FetchError>? {
            if let stored, stored.freshUntil > moment { return .success(stored.response) }
            if let failure, failure.until > moment { return outcome(of: failure.error, at: moment) }
            return nil
        }

        /// Returns the stale response if it may still be used, otherwise the failure.
        func outcome(of failure: FetchError, at moment: Date) -> Result<FetchResponse, FetchError> {
            guard failure.isTransient, let stored, stored.usableUntil > moment else { return .failure(failure) }
            return .success(stored.response)
        }
    }

    private struct Key: Hashable {
        let request: FetchRequest
        let policy: FetchPolicy
    }

    private let entries = Mutex<[FetchPolicy: [FetchRequest: Entry]]>([:])
    private let inFlight = SharedTasks<Key, FetchResponse>()
    private let now: @Sendable () -> Date

    init(now: @escaping @Sendable () -> Date) { self.now = now }

    /// Throws what `send` throws, or a `FetchError` that is still cached. A request with `Cache-Control: no-cache`
    /// replaces what is cached (RFC 9111 §5.2.1.4).
    func response(
        to request: FetchRequest, under policy: FetchPolicy, _ caching: FetchCaching, _ send: @escaping Send
    ) async throws -> FetchResponse {
        let moment = now()
        var request = request
        let isReload = request.headers[.cacheControl] == "no-cache"
        request.headers[.cacheControl] = nil
        let key = Key(request: request, policy: policy)
        if !isReload, let answer = answer(to: key, at: moment) { return try answer.get() }
        return try await inFlight.value(for: key) { [self] in
            // A request may have finished in between.
            if !isReload, let answer = answer(to: key, at: moment) { return try answer.get() }
            return try await refresh(key, isReload: isReload, caching, send)
        }
    }

    private func answer(to key: Key, at moment: Date) -> Result<FetchResponse, FetchError>? {
        entries.withLock { entries in
            entries[key.policy]?[key.request]?.usedAt = moment
            return entries[key.policy]?[key.request]?.answer(at: moment)
        }
    }

    /// Sends the request, conditionally if a response is stored (RFC 9111 §4.3.1), and stores the outcome.
    private func refresh(
        _ key: Key, isReload: Bool, _ caching: FetchCaching, _ send: Send
    ) async throws -> FetchResponse {
        let stored = entries.withLock { $0[key.policy]?[key.request]?.stored }
        var conditional = key.request
        // For caches on the way.
        if isReload { conditional.headers[.cacheControl] = "no-cache" }
        if let tag = stored?.entityTag { conditional.headers[.ifNoneMatch] = tag }
        do {
            let response = try await send(conditional)
            return keep(response, revalidating: stored, for: key, caching)
        } catch let failure as FetchError { return try keep(failure, for: key, caching).get() }
    }

    private func keep(
        _ response: FetchResponse, revalidating stored: StoredResponse?, for key: Key, _ caching: FetchCaching
    ) -> FetchResponse {
        let moment = now()
        let isUnchanged = response.status == 304 && stored != nil
        let update =
            isUnchanged
            ? stored?.revalidated(by: response, at: moment, within: caching)
            : StoredResponse(response, receivedAt: moment, within: caching)
        entries.withLock { entries in
            let entry = update.map { Entry(stored: $0, failure: nil, usedAt: moment) }
            Self.keep(entry, for: key.request, in: &entries[key.policy, default: [:]], caching)
        }
        return isUnchanged ? stored?.response ?? response : response
    }

    private func keep(
        _ failure: FetchError, for key: Key, _ caching: FetchCaching
    ) -> Result<FetchResponse, FetchError> {
        let moment = now()
        return entries.withLock { entries in
            var entry = entries[key.policy]?[key.request] ?? Entry(usedAt: moment)
            entry.failure = (failure.withoutContent, moment + caching.failureLifetime)
            // A definitive failure invalidates the stored document.
            if !failure.isTransient { entry.stored = nil }
            // Our own load says nothing about the server.
            if !failure.isBusy {
                Self.keep(entry, for: key.request, in: &entries[key.policy, default: [:]], caching)
            }
            return entry.outcome(of: failure, at: moment)
        }
    }

    /// Stores an entry, then evicts beyond the limit: failures first, then the least recently used.
    private static func keep(
        _ entry: Entry?, for request: FetchRequest, in entries: inout [FetchRequest: Entry], _ caching: FetchCaching
    ) {
        entries[request] = entry
        while entries.count > caching.maximumCount {
            let least = entries.min { left, right in
                let (hasLeft, hasRight) = (left.value.stored != nil, right.value.stored != nil)
                return hasLeft == hasRight ? left.value.usedAt < right.value.usedAt : !hasLeft
            }
            guard let least else { return }
            entries[least.key] = nil
        }
    }
}
