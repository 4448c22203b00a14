import HTTPTypes
import IdentityProvider

/// A request as it came from the wire, on its way through the layers.
struct Exchange: Sendable {
    var head: HTTPRequest
    let body: RequestContent
    /// Whether it came over TLS of our own.
    let isSecure: Bool
    /// The client's address as far as trusted proxies say; at first that of the peer.
    var remoteAddress: String
    /// The name of its trace, once it has one.
    var trace: String?

    /// Without the query.
    var path: Substring {
        let target = head.path ?? ""
        return target[..<(target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)]
    }

    var query: Substring? {
        guard let target = head.path, let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        return target[target.utf8.index(after: mark)...]
    }

    /// The host asked for, in lower case: hosts know no other (RFC 3986 §3.2.2).
    var authority: String { head.authority?.lowercased() ?? "" }

    /// Whether a person reads the answer: programs do not ask for HTML.
    var isFromPerson: Bool { head.headerFields[.accept]?.contains("text/html") == true }
}

/// What goes back to the wire.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: [UInt8]
    /// Which route gave it, for log, trace and metrics: a path can hold anything. `nil` where there was none.
    var route: String?
    /// Whose answer it is, where that is known.
    var issuer: Issuer?
    /// Whether scripts of any origin may read it.
    var isSharedAcrossOrigins = false
}

extension Answer {
    /// For sites without pages of their own.
    static let notFound = Answer(
        status: .notFound, headers: [.contentType: "text/plain"], body: Array("not found".utf8))

    /// The resource can only be read (RFC 9110 §15.5.6).
    static let readOnly = Answer(
        status: .methodNotAllowed, headers: [.contentType: "text/plain", .allow: "GET, HEAD"],
        body: Array("method not allowed".utf8))
}
