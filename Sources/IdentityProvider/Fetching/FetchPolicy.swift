package import FoundationEssentials

/// The rules for requests of one purpose. No policy allows redirects, or plain HTTP to another machine.
package struct FetchPolicy: Hashable, Sendable {
    package enum Authorities: Hashable, Sendable {
        case system
        /// A PEM file that replaces the system's authorities.
        case file(String)
    }

    /// The name of the request's span, such as `webhook.deliver`. Also a label of metrics.
    package let operation: String
    /// The upstream that requests go to, as a label of metrics.
    let upstream: Identifier<Upstream>?
    /// Whether requests may go to private networks and to this machine.
    package let allowsPrivateNetworks: Bool
    package let authorities: Authorities
    /// For the whole request, from waiting in the queue to the last byte of the response.
    package let timeout: Duration
    /// The maximum size of a response body, in bytes.
    package let maximumSize: Int
    /// The accepted media types of responses; empty to accept any.
    package let mediaTypes: [String]
    /// `nil` to disable caching.
    package let caching: FetchCaching?
    /// Whether requests carry `traceparent` and `tracestate`. Only for servers that the operator chose, because traces
    /// reveal our traffic.
    package let propagatesTrace: Bool

    package init(
        operation: String, upstream: Identifier<Upstream>? = nil, allowsPrivateNetworks: Bool,
        authorities: Authorities = .system, timeout: Duration,
        maximumSize: Int, mediaTypes: [String], caching: FetchCaching?, propagatesTrace: Bool = false
    ) {
        self.operation = operation
        self.upstream = upstream
        self.allowsPrivateNetworks = allowsPrivateNetworks
        self.authorities = authorities
        self.timeout = timeout
        self.maximumSize = maximumSize
        self.mediaTypes = mediaTypes
        self.caching = caching
        self.propagatesTrace = propagatesTrace
    }

    /// Whether the policy accepts a `Content-Type`. Ignores parameters and case (RFC 9110 §8.3.1).
    package func accepts(contentType: String?) -> Bool {
        guard !mediaTypes.isEmpty else { return true }
        guard let type = contentType?.prefix(while: { $0 != ";" }) else { return false }
        let essence = String(type.filter { $0 != " " && $0 != "\t" }).lowercased()
        return mediaTypes.contains { $0.lowercased() == essence }
    }
}

/// How long GET responses are cached: as long as the server's `Cache-Control` allows (RFC 9111 §5.2.2), within these
/// bounds. All times are in seconds.
package struct FetchCaching: Hashable, Sendable {
    /// Also the lifetime of a response that specifies none. `no-store` is still honored.
    package let minimumLifetime: TimeInterval
    package let maximumLifetime: TimeInterval
    /// How long a stale response is used while the server is unreachable (RFC 5861 §4).
    package let staleLifetime: TimeInterval
    /// How long a failed URL isn't requested again, so that the provider can't be used to flood a third party.
    package let failureLifetime: TimeInterval
    /// The maximum number of cached URLs of the policy. The least recently used are evicted first.
    package let maximumCount: Int

    package init(
        minimumLifetime: TimeInterval, maximumLifetime: TimeInterval, staleLifetime: TimeInterval,
        failureLifetime: TimeInterval, maximumCount: Int
    ) {
        precondition(
            minimumLifetime <= maximumLifetime && maximumCount > 0,
            "expected minimumLifetime <= maximumLifetime and maximumCount > 0")
        self.minimumLifetime = minimumLifetime
        self.maximumLifetime = maximumLifetime
        self.staleLifetime = staleLifetime
        self.failureLifetime = failureLifetime
        self.maximumCount = maximumCount
    }
}
