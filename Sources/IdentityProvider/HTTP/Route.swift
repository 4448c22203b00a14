package import HTTPTypes

/// A method and path of an endpoint, and the rules that hold before it is asked.
package struct Route: Hashable, Sendable {
    package let method: HTTPRequest.Method
    package let path: Path
    /// How often one address may ask; `nil` where an answer costs next to nothing.
    package let rateLimit: RateLimit?
    /// Whether scripts of any origin may call it (Fetch, CORS). Only for endpoints that ignore cookies.
    package let isSharedAcrossOrigins: Bool
    /// What a `POST` may bring.
    package let body: BodyFormat
    /// Whether the path starts at the root of the host, before the issuer's own path (RFC 8414 §3.1).
    package let isAtRoot: Bool

    package init(
        _ method: HTTPRequest.Method, _ path: Path, rateLimit: RateLimit? = nil, isSharedAcrossOrigins: Bool = false,
        isAtRoot: Bool = false, body: BodyFormat = .form
    ) {
        self.method = method
        self.path = path
        self.rateLimit = rateLimit
        self.isSharedAcrossOrigins = isSharedAcrossOrigins
        self.isAtRoot = isAtRoot
        self.body = body
    }

    package static func get(_ path: Path, rateLimit: RateLimit? = nil, isSharedAcrossOrigins: Bool = false) -> Route {
        Route(.get, path, rateLimit: rateLimit, isSharedAcrossOrigins: isSharedAcrossOrigins)
    }

    package static func post(_ path: Path, rateLimit: RateLimit? = nil, isSharedAcrossOrigins: Bool = false) -> Route {
        Route(.post, path, rateLimit: rateLimit, isSharedAcrossOrigins: isSharedAcrossOrigins)
    }

    /// The routes of a page: `GET` shows it, `POST` submits it. `rateLimit` holds for `POST`.
    package static func page(_ path: Path, rateLimit: RateLimit? = nil) -> [Route] {
        [.get(path), .post(path, rateLimit: rateLimit)]
    }
}

/// The media type of a request's body. Each route reads one: a body that is read as another than it was sent as is how
/// other sites get past a browser's rules.
package enum BodyFormat: Sendable {
    /// `application/x-www-form-urlencoded`.
    case form
    /// `application/json`: one object, whose members are texts, but for a credential.
    case json
}
