import HTTPTypes

/// The origin of the current request or command. Bound once, and read wherever something is recorded.
package struct RequestContext: Sendable {
    @TaskLocal package static var current = RequestContext()

    /// The path of the route, below the issuer.
    var route: String?
    /// The IP address of the client, as reported by trusted proxies.
    package var address: String?
    /// At most 255 characters.
    package var userAgent: String?
    /// The trace ID: 32 hexadecimal digits.
    package var trace: String?
    /// The actor, if it is not the user or client that made the request.
    package var actor: AuditActor?
    package let decision = Decision()

    package init(actor: AuditActor? = nil) { self.actor = actor }

    /// Runs `work` on behalf of `actor`, such as an administrator whose token was checked.
    package static func acting<Result>(
        as actor: AuditActor, isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Result
    ) async rethrows -> Result {
        var context = current
        context.actor = actor
        return try await $current.withValue(context, operation: work)
    }

    package init(_ request: Request) {
        route = request.path
        address = request.remoteAddress
        userAgent = request.headers[.userAgent].map { String($0.prefix(255)) }
        trace = request.trace
    }
}
