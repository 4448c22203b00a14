import HTTPTypes
import JOSE

/// An entry point of the JSON API for one's own front ends.
protocol FirstPartyEndpoint: Endpoint {}

extension FirstPartyEndpoint {
    package func response(to error: OAuthError) -> Response {
        let problem = ProblemDetails(error)
        var response = problem.response
        // RFC 9110 §15.5.2.
        if problem.status == .unauthorized, error.headers[.wwwAuthenticate] == nil {
            response.headers[.wwwAuthenticate] = AuthenticationScheme.bearer.challenge()
        }
        return response
    }
}

extension Path {
    /// The path of an operation of the API.
    static func api(_ operation: String) -> Path { Path("/api/auth/\(operation)") }
}

extension Route {
    /// Scripts of other origins may call it, without cookies: with a body of JSON a browser asks first, and is told that
    /// credentials are not allowed (Fetch §3.2).
    static func api(_ method: HTTPRequest.Method, _ operation: String, rateLimit: RateLimit? = nil) -> Route {
        Route(
            method, .api(operation), rateLimit: rateLimit, isSharedAcrossOrigins: true,
            body: method == .post ? .json : .form)
    }
}

extension Request {
    /// Throws `invalid_request` for members that the operation does not know: a misspelt one must not be lost.
    func requireKnown(_ members: Set<String>) throws(OAuthError) {
        guard parameters.names.allSatisfy(members.contains) else {
            throw .invalidRequest("the request has a member that is not known here")
        }
    }
}
