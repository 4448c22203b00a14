import HTTPTypes

/// Runs an endpoint with the request as its `RequestContext` and records refused requests in the audit log.
struct AuditedEndpoint: Endpoint {
    let base: any Endpoint
    let log: AuditLog
    var routes: [Route] { base.routes }

    func respond(to request: Request) async throws -> Response {
        try await RequestContext.$current.withValue(RequestContext(request)) {
            do { return try await base.respond(to: request) } catch let error as OAuthError {
                // `ClientAuthenticator` has already recorded why it refused a client. Our own failures go to the log.
                if !(error.cause is ClientRefusal), error.code != .serverError, error.code != .temporarilyUnavailable,
                    !error.code.isWaiting
                {
                    log.record(
                        .requestRefused(route: request.path, error: error.code, reason: error.description))
                }
                var error = error
                error.client = RequestContext.current.decision.client
                throw error
            }
        }
    }

    func response(to error: OAuthError) -> Response { base.response(to: error) }
}
