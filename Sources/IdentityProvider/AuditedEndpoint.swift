import HTTPTypes

/// An endpoint whose work knows which request it is for, and whose refusals are recorded.
struct AuditedEndpoint: Endpoint {
    let base: any Endpoint
    let log: AuditLog
    var routes: [Route] { base.routes }

    func respond(to request: Request) async throws -> Response {
        try await RequestContext.$current.withValue(RequestContext(request)) {
            do { return try await base.respond(to: request) } catch let error as OAuthError {
                // Why a client was refused was recorded where it was found; faults of ours are for the log.
                if !(error.cause is ClientRefusal), error.code != .serverError, error.code != .temporarilyUnavailable {
                    log.record(
                        .requestRefused(route: request.path, error: error.code, reason: error.description))
                }
                throw error
            }
        }
    }

    func response(to error: OAuthError) -> Response { base.response(to: error) }
}
