package import HTTPTypes

/// A request to an endpoint. Its parameters are well-formed.
package struct Request: Sendable {
    package let method: HTTPRequest.Method
    /// Below the issuer, with a leading slash.
    package let path: String
    /// The value of the variable in the route's path, if it has one.
    package let variable: String?
    package let headers: HTTPFields
    /// The query parameters of a `GET` or the body parameters of a `POST`. Never both, so that one can't override the
    /// other.
    package let parameters: Parameters
    package let body: [UInt8]
    /// The client's address according to trusted proxies. Used for rate limits and logs.
    package let remoteAddress: String
    /// The client's certificate chain in DER, the client's own first: of its TLS connection, or from a trusted proxy.
    /// Not verified. Empty without a certificate.
    package let certificates: [[UInt8]]
    /// The identifier of the request's trace, if it has one.
    package let trace: String?

    /// Throws `invalid_request` if the query or body is malformed, or if the body has a media type other than `type`.
    package init(
        method: HTTPRequest.Method, path: String, variable: String? = nil, query: String? = nil,
        headers: HTTPFields = [:], body: [UInt8] = [],
        remoteAddress: String = "127.0.0.1", certificates: [[UInt8]] = [], trace: String? = TraceID.current,
        limits: Limits = Limits(),
        reading type: BodyFormat = .form
    ) throws(OAuthError) {
        self.method = method
        self.path = path
        self.variable = variable
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        self.certificates = certificates
        self.trace = trace
        switch method {
        case .post:
            parameters =
                switch type {
                case .form: try Self.form(body, type: headers[.contentType], limits: limits)
                case .json: try Self.json(body, type: headers[.contentType], limits: limits)
                case .document: Parameters()
                }
        default:
            parameters = try Parameters(parsing: query ?? "", limits: limits)
        }
    }

    private init(_ request: Request, headers: HTTPFields? = nil, parameters: Parameters? = nil) {
        method = request.method
        path = request.path
        variable = request.variable
        body = request.body
        remoteAddress = request.remoteAddress
        certificates = request.certificates
        trace = request.trace
        self.headers = headers ?? request.headers
        self.parameters = parameters ?? request.parameters
    }

    /// A copy without the `Cookie` field.
    var withoutCookies: Request {
        var headers = headers
        headers[.cookie] = nil
        return Request(self, headers: headers)
    }

    func with(_ parameters: Parameters) -> Request { Request(self, parameters: parameters) }

    private static func json(_ body: [UInt8], type: String?, limits: Limits) throws(OAuthError) -> Parameters {
        switch mediaType(type) {
        case "application/json" where !body.isEmpty: return try Parameters(json: body, limits: limits)
        case "application/json": return Parameters()
        case nil where body.isEmpty: return Parameters()
        default:
            throw OAuthError(
                code: .invalidRequest, description: "the body must be application/json", status: .unsupportedMediaType,
                reason: .contentType)
        }
    }

    private static func mediaType(_ field: String?) -> String? {
        field?.split(separator: ";").first.map { $0.filter { $0 != " " }.lowercased() }
    }

    private static func form(_ body: [UInt8], type: String?, limits: Limits) throws(OAuthError) -> Parameters {
        switch mediaType(type) {
        case "application/x-www-form-urlencoded":
            guard let text = String(validating: body, as: UTF8.self) else {
                throw .invalidRequest("the form is not valid UTF-8")
            }
            return try Parameters(parsing: text, limits: limits)
        case nil where body.isEmpty: return Parameters()
        default:
            throw OAuthError(
                code: .invalidRequest, description: "the body must be application/x-www-form-urlencoded",
                status: .unsupportedMediaType, reason: .contentType)
        }
    }
}
