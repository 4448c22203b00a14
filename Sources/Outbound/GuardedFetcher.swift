package import FoundationEssentials
import HTTPTypes
package import IdentityProvider
import Synchronization
import Tracing

/// Sends requests to other servers over HTTPS: resolves the name, checks every address, connects only to those, and
/// limits size, time and concurrency. Concurrent callers for the same document share one request.
package struct GuardedFetcher: Fetcher {
    private let resolver: Resolver
    private let limits: RequestLimits
    private let trust = TrustStore()
    private let cache: FetchCache

    package init(now: @escaping @Sendable () -> Date = { Date() }) {
        self.init(resolver: .system, limits: RequestLimits(), now: now)
    }

    init(resolver: Resolver, limits: RequestLimits, now: @escaping @Sendable () -> Date = { Date() }) {
        self.resolver = resolver
        self.limits = limits
        cache = FetchCache(now: now)
    }

    package func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        let destination = try Destination(request.url)
        var request = request
        request.url = destination.url
        guard let caching = policy.caching, request.method == .get else {
            return try await send(request, to: destination, under: policy)
        }
        return try await cache.response(to: request, under: policy, caching) { request in
            try await send(request, to: destination, under: policy)
        }
    }

    private func send(
        _ request: FetchRequest, to destination: Destination, under policy: FetchPolicy
    ) async throws -> FetchResponse {
        let start = ContinuousClock.now
        do {
            let response = try await observed(request, to: destination, under: policy)
            Measurements.note(ContinuousClock.now - start, under: policy, error: nil)
            return response
        } catch {
            Measurements.note(ContinuousClock.now - start, under: policy, error: error)
            throw error
        }
    }

    private func observed(
        _ request: FetchRequest, to destination: Destination, under policy: FetchPolicy
    ) async throws -> FetchResponse {
        try await withSpan(policy.operation, ofKind: .client) { span in
            // Without path and query, which may contain secrets of the receiver.
            span.attributes["http.request.method"] = request.method.rawValue
            span.attributes["server.address"] = destination.host
            span.attributes["server.port"] = destination.port
            let response = try await inTurn(destination, under: policy) {
                try await exchange(request, with: destination, under: policy)
            }
            span.attributes["http.response.status_code"] = response.status
            try check(response, to: request, from: destination.host, under: policy)
            return response
        }
    }

    /// Waits in line, then runs `body`, both within the policy's timeout.
    private func inTurn(
        _ destination: Destination, under policy: FetchPolicy,
        _ body: @escaping @Sendable () async throws -> FetchResponse
    ) async throws -> FetchResponse {
        let hasBegun = Atomic(false)
        do {
            return try await withDeadline(policy.timeout) {
                try await limits.run(to: "\(destination.host):\(destination.port)") {
                    hasBegun.store(true, ordering: .relaxed)
                    return try await body()
                }
            }
        } catch is DeadlineExceeded {
            guard hasBegun.load(ordering: .relaxed) else { throw FetchError.busy(host: destination.host) }
            throw FetchError.timedOut(host: destination.host, after: policy.timeout)
        }
    }

    /// Tries each address until one accepts the connection.
    private func exchange(
        _ request: FetchRequest, with destination: Destination, under policy: FetchPolicy
    ) async throws -> FetchResponse {
        let addresses = try await destination.addresses(under: policy, from: resolver)
        let tls = try await trust.configuration(for: policy.authorities)
        var failure = FetchError.unknownHost(destination.host)
        for address in addresses {
            let client = PinnedClient(destination: destination, address: address, policy: policy, tls: tls)
            do { return try await client.send(request) } catch let error as NotConnected { failure = error.reason }
        }
        throw failure
    }

    private func check(
        _ response: FetchResponse, to request: FetchRequest, from host: String, under policy: FetchPolicy
    ) throws(FetchError) {
        // The response to a conditional request (RFC 9110 §15.4.5).
        if response.status == 304, request.headers[.ifNoneMatch] != nil { return }
        guard !(300..<400).contains(response.status) else { throw .redirected(host: host, status: response.status) }
        guard (200..<300).contains(response.status) else { throw .unsuccessful(host: host, response) }
        let type = response.headers[.contentType]
        guard policy.accepts(contentType: type) else {
            throw .mediaType(type?.excerpt, host: host, expected: policy.mediaTypes)
        }
    }
}
