package import FoundationEssentials

/// What requests for one purpose may do. Whatever the policy, redirects are not followed and only HTTPS leaves this machine.
package struct FetchPolicy: Hashable, Sendable {
    package enum Authorities: Hashable, Sendable {
        case system
        /// A PEM file that replaces the system's authorities.
        case file(String)
    }

    /// The name of the request's span: `webhook.deliver`.
    package let operation: String
    /// Whether addresses of private networks and of this machine may be called.
    package let allowsPrivateNetworks: Bool
    package let authorities: Authorities
    /// For the whole request, from waiting in line to the last byte of the response.
    package let timeout: Duration
    /// Bytes of a response's body.
    package let maximumSize: Int
    /// Media types that a response may have; any if empty.
    package let mediaTypes: [String]
    /// `nil` to send every request.
    package let caching: FetchCaching?
    /// Whether the server gets `traceparent` and `tracestate`. Only for servers that the operator chose: a trace tells
    /// others about our traffic.
    package let propagatesTrace: Bool

    package init(
        operation: String, allowsPrivateNetworks: Bool, authorities: Authorities = .system, timeout: Duration,
        maximumSize: Int, mediaTypes: [String], caching: FetchCaching?, propagatesTrace: Bool = false
    ) {
        self.operation = operation
        self.allowsPrivateNetworks = allowsPrivateNetworks
        self.authorities = authorities
        self.timeout = timeout
        self.maximumSize = maximumSize
        self.mediaTypes = mediaTypes
        self.caching = caching
        self.propagatesTrace = propagatesTrace
    }

    /// Whether a response may have this `Content-Type`, ignoring parameters and case (RFC 9110 §8.3.1).
    package func accepts(contentType: String?) -> Bool {
        guard !mediaTypes.isEmpty else { return true }
        guard let type = contentType?.prefix(while: { $0 != ";" }) else { return false }
        let essence = String(type.filter { $0 != " " && $0 != "\t" }).lowercased()
        return mediaTypes.contains { $0.lowercased() == essence }
    }
}

/// How long responses to GET are kept: as long as the server's `Cache-Control` allows (RFC 9111 §5.2.2), within these bounds.
/// All times are in seconds.
package struct FetchCaching: Hashable, Sendable {
    /// Also the lifetime of a response without a lifetime of its own. `no-store` is still honored.
    package let minimumLifetime: TimeInterval
    package let maximumLifetime: TimeInterval
    /// How long a stale response is used while the server can't be reached (RFC 5861 §4).
    package let staleLifetime: TimeInterval
    /// How long a failed URL isn't requested again, so that nobody can use us to flood a third party.
    package let failureLifetime: TimeInterval
    /// URLs kept for the policy. The least recently used are evicted first.
    package let maximumCount: Int

    package init(
        minimumLifetime: TimeInterval, maximumLifetime: TimeInterval, staleLifetime: TimeInterval,
        failureLifetime: TimeInterval, maximumCount: Int
    ) {
        precondition(minimumLifetime <= maximumLifetime && maximumCount > 0)
        self.minimumLifetime = minimumLifetime
        self.maximumLifetime = maximumLifetime
        self.staleLifetime = staleLifetime
        self.failureLifetime = failureLifetime
        self.maximumCount = maximumCount
    }
}
