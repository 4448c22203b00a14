package import HTTPTypes

/// A method and path of an endpoint, with the rules that are enforced before the endpoint is called.
package struct Route: Hashable, Sendable {
    package let method: HTTPRequest.Method
    package let path: Path
    /// The limit per client address; `nil` if responses are cheap and refusals rare.
    package let rateLimit: RouteLimit?
    /// Whether scripts of any origin may call the route (CORS). Only for endpoints that ignore cookies.
    package let isSharedAcrossOrigins: Bool
    /// The format of a `POST` body.
    package let body: BodyFormat
    /// Whether the path starts at the root of the host instead of below the issuer's path (RFC 8414 §3.1).
    package let isAtRoot: Bool

    /// Whether programs call the route, and no page is behind it: it ignores cookies or authenticates clients.
    package var isForPrograms: Bool { isSharedAcrossOrigins || rateLimit == .clients || body == .document }

    package init(
        _ method: HTTPRequest.Method, _ path: Path, rateLimit: RouteLimit? = nil, isSharedAcrossOrigins: Bool = false,
        isAtRoot: Bool = false, body: BodyFormat = .form
    ) {
        self.method = method
        self.path = path
        self.rateLimit = rateLimit
        self.isSharedAcrossOrigins = isSharedAcrossOrigins
        self.isAtRoot = isAtRoot
        self.body = body
    }

    package static func get(_ path: Path, rateLimit: RouteLimit? = nil, isSharedAcrossOrigins: Bool = false) -> Route {
        Route(.get, path, rateLimit: rateLimit, isSharedAcrossOrigins: isSharedAcrossOrigins)
    }

    package static func post(_ path: Path, rateLimit: RouteLimit? = nil, isSharedAcrossOrigins: Bool = false) -> Route {
        Route(.post, path, rateLimit: rateLimit, isSharedAcrossOrigins: isSharedAcrossOrigins)
    }

    /// Returns the routes of a page: `GET` shows it, `POST` submits it. `rateLimit` applies to `POST`.
    package static func page(_ path: Path, rateLimit: RouteLimit = .requests) -> [Route] {
        [.get(path, rateLimit: .requests), .post(path, rateLimit: rateLimit)]
    }
}

/// The media type of a request body. Each route accepts exactly one: if it parsed other types as JSON, other sites
/// could bypass the CORS preflight.
package enum BodyFormat: Sendable {
    /// `application/x-www-form-urlencoded`.
    case form
    /// `application/json`: an object with string members, except for `credential`, which is an object.
    case json
    /// `application/json`: any object. The endpoint parses it (`Request.document`).
    case document
}
