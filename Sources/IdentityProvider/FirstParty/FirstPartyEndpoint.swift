import HTTPTypes
import JOSE

/// An endpoint of the JSON API for the operator's own front ends.
protocol FirstPartyEndpoint: Endpoint {}

extension FirstPartyEndpoint {
    package func response(to error: OAuthError) -> Response {
        let problem = ProblemDetails(error)
        var response = problem.response
        // RFC 9110 §15.5.2: a 401 response must carry a challenge.
        if problem.status == .unauthorized, error.headers[.wwwAuthenticate] == nil {
            response.headers[.wwwAuthenticate] = AuthenticationScheme.bearer.challenge()
        }
        return response
    }
}

extension Path {
    /// Returns the path of an API operation.
    static func api(_ operation: String) -> Path { Path("/api/auth/\(operation)") }
}

extension Route {
    /// Returns a route that scripts of other origins may call, without credentials. For a JSON body, browsers send a
    /// preflight request first (Fetch §3.2).
    static func api(_ method: HTTPRequest.Method, _ operation: String, rateLimit: RouteLimit? = nil) -> Route {
        Route(
            method, .api(operation), rateLimit: rateLimit, isSharedAcrossOrigins: true,
            body: method == .post ? .json : .form)
    }
}

extension Request {
    /// Throws `invalid_request` for unknown members, so that a misspelled one is not silently ignored.
    func requireKnown(_ members: Set<String>) throws(OAuthError) {
        guard parameters.names.allSatisfy(members.contains) else {
            throw .invalidRequest("the request has an unknown member; see /api/openapi.json")
        }
    }
}
