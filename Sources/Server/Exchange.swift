import HTTPTypes
import IdentityProvider

/// A request as received, on its way through the middleware.
struct Exchange: Sendable {
    var head: HTTPRequest
    let body: RequestContent
    /// Whether this server terminated TLS for the request.
    let isSecure: Bool
    /// The client's address as reported by trusted proxies; at first the peer's.
    var remoteAddress: String
    /// The client's certificate chain in DER, its own first, or why the field of a proxy can't be read. Not verified.
    var certificates: Result<[[UInt8]], OAuthError>
    /// The trace ID, once assigned.
    var trace: String?

    /// The request target without the query.
    var path: Substring {
        let target = head.path ?? ""
        return target[..<(target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)]
    }

    var query: Substring? {
        guard let target = head.path, let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        return target[target.utf8.index(after: mark)...]
    }

    /// The requested host in lowercase, because hosts are case-insensitive (RFC 3986 §3.2.2).
    var authority: String { head.authority?.lowercased() ?? "" }

    /// Whether a person will read the response: programs do not ask for HTML.
    var isFromPerson: Bool { head.headerFields[.accept]?.contains("text/html") == true }
}

/// The response to send.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: [UInt8]
    /// The route that matched, for logs, traces and metrics, which must not hold arbitrary paths. `nil` if no route
    /// matched.
    var route: String?
    /// The issuer that responded, if known.
    var issuer: Issuer?
    /// Whether scripts of any origin may read the response.
    var isSharedAcrossOrigins = false
    /// The cause of an error, for the log.
    var cause: String?
    /// The registered client that an error concerns, for the log.
    var client: Identifier<Client>?
}

extension Answer {
    /// For sites without their own error pages.
    static let notFound = Answer(
        status: .notFound, headers: [.contentType: "text/plain"], body: Array("not found".utf8))

    /// The resource is read-only (RFC 9110 §15.5.6).
    static let readOnly = Answer(
        status: .methodNotAllowed, headers: [.contentType: "text/plain", .allow: "GET, HEAD"],
        body: Array("method not allowed".utf8))
}
