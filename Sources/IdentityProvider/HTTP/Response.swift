package import HTTPTypes
package import JOSE

/// The response of an endpoint.
package struct Response: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Rendered at the edge, in the user's language.
        case page(Page)
    }

    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package let body: Body

    package init(status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

extension Response {
    /// Returns a JSON response that must not be cached (RFC 6749 §5.1).
    package static func json(_ object: JSONObject, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .bytes(object.serialized()))
    }

    /// Returns a signed response of the media type `type` that must not be cached.
    static func jwt(_ text: String, type: String) -> Response {
        Response(headers: [.contentType: type, .cacheControl: "no-store"], body: .bytes(Array(text.utf8)))
    }

    /// Returns an error response (RFC 6749 §5.2).
    package static func json(_ error: OAuthError) -> Response {
        json(
            ["error": .string(error.code.rawValue), "error_description": .string(error.description)],
            status: error.status)
    }

    /// Returns the error page.
    package static func page(_ error: OAuthError) -> Response { page(.error(error), status: error.status) }

    package static func page(_ page: Page, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.cacheControl: "no-store"], body: .page(page))
    }

    /// Returns a page from which the browser moves on to `location` by itself (HTML, shared declarative refresh steps).
    /// Unlike a redirect, this may follow a form to any origin: Chromium applies `form-action` to redirects. `delay` is in
    /// seconds.
    static func page(_ page: Page, movingOnTo location: String, after delay: Int = 0) -> Response {
        var response = Response.page(page)
        response.headers[.refresh] = "\(delay); url=\(location)"
        return response
    }

    /// Returns a page with status 429 (RFC 6585 §4). `retryAfter` is in seconds.
    package static func tooManyRequests(_ page: Page, retryAfter: Int) -> Response {
        var response = Response.page(page, status: .tooManyRequests)
        response.headers[.retryAfter] = String(retryAfter)
        return response
    }

    /// Returns a redirect with status 303, which browsers follow with `GET`. A form with a password must not be sent on
    /// (RFC 9700 §4.12).
    package static func redirect(to location: String) -> Response {
        Response(status: .seeOther, headers: [.location: location, .cacheControl: "no-store"])
    }

    package func setting(_ cookies: String?...) -> Response {
        var response = self
        for case let cookie? in cookies { response.headers.append(HTTPField(name: .setCookie, value: cookie)) }
        return response
    }
}

extension HTTPField.Name {
    fileprivate static let refresh = known("Refresh")
}
