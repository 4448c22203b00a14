package import HTTPTypes

/// The request that a trusted proxy asks about, from its `X-Forwarded-*` headers. The server removes these headers from
/// requests of anyone else.
struct ForwardedRequest: Sendable {
    /// `scheme://host` in lowercase.
    let origin: String
    /// Path and query.
    let uri: String
    /// `nil` if the proxy doesn't report it.
    let method: String?
    /// Whether a browser is opening a page. Only such requests can be redirected to sign-in.
    let isNavigation: Bool

    var path: Substring { uri.prefix { $0 != "?" } }
    var query: Substring { uri.drop { $0 != "?" }.dropFirst() }

    /// Throws `invalid_request` if a header is missing or malformed.
    init(_ request: Request) throws(OAuthError) {
        let headers = request.headers
        guard let scheme = Self.only(.forwardedProto, headers), let host = Self.only(.forwardedHost, headers),
            let uri = Self.only(.forwardedURI, headers), case let origin = "\(scheme)://\(host)".lowercased(),
            ForwardedOrigin.isWellFormed(origin), uri.hasPrefix("/"), URIText.isPlain(uri)
        else {
            throw .invalidRequest(
                "X-Forwarded-Proto, -Host or -Uri is missing or malformed, or the proxy is not in trusted_proxies")
        }
        self.origin = origin
        self.uri = uri
        method = Self.only(.forwardedMethod, headers)
        isNavigation = Self.isNavigation(headers)
    }

    /// Returns the single value of a field. If there are two, the proxy wrote only one of them.
    private static func only(_ name: HTTPField.Name, _ headers: HTTPFields) -> String? {
        let values = headers[values: name]
        return values.count == 1 ? values[0] : nil
    }

    /// Decides by Fetch Metadata if the browser sends it, otherwise by the `Accept` header.
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

    /// Returns a header name from a literal, which must be well-formed.
    package static func known(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .via }
}

enum ForwardedOrigin {
    /// Whether `text` is `scheme://host` or `scheme://host:port`, in lowercase.
    static func isWellFormed(_ text: String) -> Bool {
        text.utf8.count <= 255
            && text.wholeMatch(of: /https?:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?/) != nil
    }
}
