package import FoundationEssentials

/// What requests for one purpose may do. Redirects are never followed, and only HTTPS leaves this machine, whatever the
/// policy.
package struct FetchPolicy: Hashable, Sendable {
    package enum Authorities: Hashable, Sendable {
        case system
        /// A PEM file, instead of the system's.
        case file(String)
    }

    /// The name of the request's span: `webhook.deliver`.
    package let operation: String
    /// Whether addresses of private networks and of this machine may be called.
    package let allowsPrivateNetworks: Bool
    package let authorities: Authorities
    /// For the whole request, from resolving the name to the last byte of the response.
    package let timeout: Duration
    /// Bytes of a response's body.
    package let maximumSize: Int
    /// Media types that a response may have. Any if empty.
    package let mediaTypes: [String]
    /// `nil` if every request goes out.
    package let caching: FetchCaching?

    package init(
        operation: String, allowsPrivateNetworks: Bool, authorities: Authorities = .system, timeout: Duration,
        maximumSize: Int, mediaTypes: [String], caching: FetchCaching?
    ) {
        self.operation = operation
        self.allowsPrivateNetworks = allowsPrivateNetworks
        self.authorities = authorities
        self.timeout = timeout
        self.maximumSize = maximumSize
        self.mediaTypes = mediaTypes
        self.caching = caching
    }

    /// Whether a response may have this `Content-Type`. Parameters don't count, nor does case (RFC 9110 §8.3.1).
    package func accepts(contentType: String?) -> Bool {
        guard !mediaTypes.isEmpty else { return true }
        guard let type = contentType?.prefix(while: { $0 != ";" }) else { return false }
        let essence = String(type.filter { $0 != " " && $0 != "\t" }).lowercased()
        return mediaTypes.contains { $0.lowercased() == essence }
    }
}

/// How long responses to GET are kept. What the server says in `Cache-Control` counts within these bounds (RFC 9111 §5.2.2).
/// All times are in seconds.
package struct FetchCaching: Hashable, Sendable {
    /// Also the lifetime of a response that doesn't say how long it is fresh. `no-store` is honored nonetheless.
    package let minimumLifetime: TimeInterval
    package let maximumLifetime: TimeInterval
    /// How long after its lifetime a response is used while the server can't be reached (RFC 5861 §4).
    package let staleLifetime: TimeInterval
    /// How long after a failure the URL is left alone, so that nobody can make us flood a third party.
    package let failureLifetime: TimeInterval
    /// URLs kept at once for the policy. The least recently used goes first.
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
