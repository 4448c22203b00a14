package import HTTPTypes

/// What an endpoint is asked. Whoever has one knows that its parameters are well-formed.
package struct Request: Sendable {
    package let method: HTTPRequest.Method
    /// Below the issuer, with a leading slash.
    package let path: String
    package let headers: HTTPFields
    /// Of the query for `GET`, of the form for `POST`: never both, so that neither can hide behind the other.
    package let parameters: Parameters
    package let body: [UInt8]
    /// The address of the client, as far as trusted proxies say: for limits and the log.
    package let remoteAddress: String

    /// Throws `invalid_request` when query or form is malformed, or the body of another type than an endpoint reads.
    package init(
        method: HTTPRequest.Method, path: String, query: String? = nil, headers: HTTPFields = [:], body: [UInt8] = [],
        remoteAddress: String = "127.0.0.1", limits: Limits = Limits()
    ) throws(OAuthError) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        switch method {
        case .post:
            parameters = try Self.form(body, type: headers[.contentType], limits: limits)
        default:
            parameters = try Parameters(parsing: query ?? "", limits: limits)
        }
    }

    private static func form(_ body: [UInt8], type: String?, limits: Limits) throws(OAuthError) -> Parameters {
        let mediaType = type?.split(separator: ";").first.map { $0.filter { $0 != " " }.lowercased() }
        switch mediaType {
        case "application/x-www-form-urlencoded":
            guard let text = String(validating: body, as: UTF8.self) else {
                throw .invalidRequest("the form is not valid UTF-8")
            }
            return try Parameters(parsing: text, limits: limits)
        case nil where body.isEmpty: return Parameters()
        default:
            throw OAuthError(
                code: .invalidRequest, description: "the body must be application/x-www-form-urlencoded",
                status: .unsupportedMediaType)
        }
    }
}
