package import HTTPTypes
import IdentityProvider

/// A request as it came from the wire, on its way through the layers.
struct Exchange: Sendable {
    var head: HTTPRequest
    let body: RequestContent
    let isSecure: Bool
    /// The client's address as far as trusted proxies say; at first that of the peer.
    var remoteAddress: String
    /// Set when the route is known: what the log may say, for a path can hold anything.
    var route: String?

    /// Without the query.
    var path: Substring { (head.path ?? "/").prefix { $0 != "?" } }
    var query: Substring? {
        guard let path = head.path, let mark = path.firstIndex(of: "?") else { return nil }
        return path[path.index(after: mark)...]
    }
}

/// Reads a request's body, once, within limits.
struct RequestContent: Sendable {
    let read: @Sendable (_ limit: Int) async throws -> [UInt8]
}

/// What goes back to the wire.
package struct Answer: Sendable {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package var body: [UInt8]
    /// The connection is of no use after it: part of the request is still on its way.
    var closesConnection = false
    /// Which route gave it, for the log.
    var route = "none"
}

/// One layer of the server.
protocol Middleware: Sendable {
    func respond(to exchange: Exchange, next: @Sendable (Exchange) async throws -> Answer) async throws -> Answer
}

/// The layers around a responder, the first outermost.
struct Pipeline: Sendable {
    private let responder: @Sendable (Exchange) async throws -> Answer

    init(_ layers: [any Middleware], around responder: @escaping @Sendable (Exchange) async throws -> Answer) {
        self.responder = layers.reversed().reduce(responder) { next, layer in
            { exchange in try await layer.respond(to: exchange, next: next) }
        }
    }

    func respond(to exchange: Exchange) async throws -> Answer { try await responder(exchange) }
}
