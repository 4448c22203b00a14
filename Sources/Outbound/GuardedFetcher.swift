package import FoundationEssentials
import HTTPTypes
package import IdentityProvider
import Tracing

/// Sends requests to other servers over HTTPS: resolves the name, checks every address, connects to the one it checked, and
/// bounds size and time. Callers that ask for the same document at once share one request.
package struct GuardedFetcher: Fetcher {
    private let cache: FetchCache

    package init(now: @escaping @Sendable () -> Date = { Date() }) { cache = FetchCache(now: now) }

    package func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        guard let caching = policy.caching, request.method == .get else {
            return try await send(request, under: policy)
        }
        return try await cache.response(to: request, under: policy, caching) { try await send($0, under: policy) }
    }

    private func send(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        try await withSpan(policy.operation, ofKind: .client) { span in
            let destination = try Destination(request.url)
            // Not the path or query: receivers have secrets in theirs.
            span.attributes["http.request.method"] = request.method.rawValue
            span.attributes["server.address"] = destination.host
            span.attributes["server.port"] = destination.port
            let response: FetchResponse
            do {
                response = try await withDeadline(policy.timeout) {
                    let address = try await destination.address(under: policy)
                    return try await PinnedClient(destination: destination, address: address, policy: policy)
                        .send(request)
                }
            } catch is DeadlineExceeded {
                throw FetchError.timedOut(host: destination.host, after: policy.timeout)
            }
            span.attributes["http.response.status_code"] = response.status
            try check(response, to: request, from: destination.host, under: policy)
            return response
        }
    }

    private func check(
        _ response: FetchResponse, to request: FetchRequest, from host: String, under policy: FetchPolicy
    ) throws(FetchError) {
        // The answer to a conditional request (RFC 9110 §15.4.5).
        if response.status == 304, request.headers[.ifNoneMatch] != nil { return }
        guard !(300..<400).contains(response.status) else { throw .redirected(host: host, status: response.status) }
        guard (200..<300).contains(response.status) else { throw .unsuccessful(host: host, response) }
        let type = response.headers[.contentType]
        guard policy.accepts(contentType: type) else {
            throw .mediaType(type, host: host, expected: policy.mediaTypes)
        }
    }
}
