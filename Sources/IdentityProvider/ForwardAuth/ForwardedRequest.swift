package import HTTPTypes

/// What a trusted proxy says of the request that it asks about. From anybody else the server has taken these fields away.
struct ForwardedRequest: Sendable {
    /// `scheme://host`, in lower case.
    let origin: String
    /// Path and query.
    let uri: String
    /// Whether a person's browser opens a page: only that can be sent to sign in.
    let isNavigation: Bool

    /// The paths of the application's origin that we answer for.
    static let callback = "/.martlet/callback"
    static let signOut = "/.martlet/sign-out"

    var path: Substring { uri.prefix { $0 != "?" } }
    var query: Substring { uri.drop { $0 != "?" }.dropFirst() }

    /// Throws `invalid_request` when a field is missing or malformed.
    init(_ request: Request) throws(OAuthError) {
        let headers = request.headers
        guard let scheme = Self.only(.forwardedProto, headers), let host = Self.only(.forwardedHost, headers),
            let uri = Self.only(.forwardedURI, headers), case let origin = "\(scheme)://\(host)".lowercased(),
            ForwardedOrigin.isWellFormed(origin), uri.hasPrefix("/"), URIText.isPlain(uri)
        else {
            throw .invalidRequest(
                "X-Forwarded-Proto, -Host or -Uri is missing or malformed, or the proxy is not among trusted_proxies")
        }
        self.origin = origin
        self.uri = uri
        isNavigation = Self.isNavigation(headers)
    }

    /// Of two fields with one name the proxy wrote one only.
    private static func only(_ name: HTTPField.Name, _ headers: HTTPFields) -> String? {
        let values = headers[values: name]
        return values.count == 1 ? values[0] : nil
    }

    /// Fetch Metadata where the browser sends it, else by what it accepts.
    private static func isNavigation(_ headers: HTTPFields) -> Bool {
        guard ["GET", "HEAD"].contains(headers[.forwardedMethod] ?? "GET"),
            headers[.requestedWith]?.lowercased() != "xmlhttprequest"
        else { return false }
        if let mode = headers[.fetchMode] {
            return mode == "navigate" && headers[.fetchDestination] ?? "document" == "document"
        }
        return headers[.accept]?.lowercased().contains("text/html") == true
    }
}

extension HTTPField.Name {
    package static let forwardedProto = known("X-Forwarded-Proto")
    package static let forwardedHost = known("X-Forwarded-Host")
    package static let forwardedURI = known("X-Forwarded-Uri")
    package static let forwardedMethod = known("X-Forwarded-Method")
    static let requestedWith = known("X-Requested-With")
    static let fetchMode = known("Sec-Fetch-Mode")
    static let fetchDestination = known("Sec-Fetch-Dest")

    /// A name that is well-formed because it is a literal of ours.
    package static func known(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .via }
}
