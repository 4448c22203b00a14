package import HTTPTypes
package import JOSE

/// What an endpoint answers.
package struct Response: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Rendered at the edge, in the language of the person.
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
    /// JSON that nobody may keep (RFC 6749 §5.1).
    package static func json(_ object: JSONObject, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .bytes(object.serialized()))
    }

    /// RFC 6749 §5.2.
    package static func json(_ error: OAuthError) -> Response {
        json(
            ["error": .string(error.code.rawValue), "error_description": .string(error.description)],
            status: error.status)
    }

    /// The same for people.
    package static func page(_ error: OAuthError) -> Response { page(.error(error), status: error.status) }

    package static func page(_ page: Page, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.cacheControl: "no-store"], body: .page(page))
    }

    /// A page that asks for patience; `retryAfter` in seconds (RFC 6585 §4).
    package static func tooManyRequests(_ page: Page, retryAfter: Int) -> Response {
        var response = Response.page(page, status: .tooManyRequests)
        response.headers[.retryAfter] = String(retryAfter)
        return response
    }

    /// Always `GET` at the target: a form with a password must not travel on (RFC 9700 §4.12).
    package static func redirect(to location: String) -> Response {
        Response(status: .seeOther, headers: [.location: location, .cacheControl: "no-store"])
    }

    package func setting(_ cookies: String?...) -> Response {
        var response = self
        for case let cookie? in cookies { response.headers.append(HTTPField(name: .setCookie, value: cookie)) }
        return response
    }
}
