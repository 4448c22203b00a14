import HTTPTypes

/// Where the work at hand comes from: bound once for each request or command, read wherever something is recorded.
package struct RequestContext: Sendable {
    @TaskLocal package static var current = RequestContext()

    /// As far as trusted proxies say.
    package var address: String?
    /// Cut at 255 characters.
    package var userAgent: String?
    /// 32 hexadecimal digits.
    package var trace: String?
    /// Who works, when it is not a person or client from outside.
    package var actor: AuditActor?
    package let decision = Decision()

    package init(actor: AuditActor? = nil) { self.actor = actor }

    /// Runs `work` as something that `actor` does, such as an administrator whose token was checked.
    package static func acting<Result>(
        as actor: AuditActor, isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Result
    ) async rethrows -> Result {
        var context = current
        context.actor = actor
        return try await $current.withValue(context, operation: work)
    }

    package init(_ request: Request) {
        address = request.remoteAddress
        userAgent = request.headers[.userAgent].map { String($0.prefix(255)) }
        trace = request.trace
    }
}
