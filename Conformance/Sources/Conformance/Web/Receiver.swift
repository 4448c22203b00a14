import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request that the provider sent to a client or an event receiver.
package struct Received: Sendable {
    package let method: String
    /// Path and query.
    package let target: String
    package let headers: [Parameter]
    package let body: String

    package init(method: String = "POST", target: String, headers: [Parameter] = [], body: String = "") {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    package var path: String { String(target.prefix { $0 != "?" }) }
    package var form: [Parameter] { FormEncoding.parse(body) }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The media type in lowercase, without parameters.
    package var mediaType: String {
        (header("Content-Type") ?? "").prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    }
}

/// A loopback web server that plays the clients and event receivers to which the provider sends requests. Records
/// them all, and responds with 200 unless told otherwise.
package final class Receiver: Sendable {
    package enum Reaction: Hashable, Sendable {
        case status(Int, location: String? = nil)
        /// Never responds.
        case silence
    }

    package let port: Int
    private let channel: any Channel
    private let inbox: Inbox

    /// Listens on `port` of the loopback interface, or on a free port. Throws `InvalidTarget` if it is taken.
    package init(port: Int = 0) async throws {
        let inbox = Inbox()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ReceiverHandler(inbox))
                }
            }
        do { channel = try await bootstrap.bind(host: "127.0.0.1", port: port).get() } catch {
            throw InvalidTarget(reason: "cannot listen on 127.0.0.1:\(port), the port of \"receiver\": \(error)")
        }
        self.port = channel.localAddress?.port ?? port
        self.inbox = inbox
    }

    package func close() async { try? await channel.close() }

    /// Returns what arrived so far.
    package func requests(where isWanted: (Received) -> Bool) -> [Received] {
        inbox.all.filter(isWanted)
    }

    /// Reacts to the next `count` requests that `isMeant` picks with `reaction`.
    package func react(
        _ reaction: Reaction, times count: Int = 1, to isMeant: @escaping @Sendable (Received) -> Bool
    ) {
        inbox.add(Inbox.Rule(reaction: reaction, isMeant: isMeant, remaining: count))
    }
}

/// What arrived, and the reactions to what will.
private final class Inbox: Sendable {
    struct Rule: Sendable {
        let reaction: Receiver.Reaction
        let isMeant: @Sendable (Received) -> Bool
        var remaining: Int
    }

    private let state = Mutex<(received: [Received], rules: [Rule])>(([], []))

    var all: [Received] { state.withLock { $0.received } }
    func add(_ rule: Rule) { state.withLock { $0.rules.append(rule) } }

    func take(_ request: Received) -> Receiver.Reaction {
        state.withLock { state in
            state.received.append(request)
            guard let index = state.rules.firstIndex(where: { $0.remaining > 0 && $0.isMeant(request) }) else {
                return .status(200)
            }
            state.rules[index].remaining -= 1
            return state.rules[index].reaction
        }
    }
}

private final class ReceiverHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let inbox: Inbox
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    private static let bodyLimit = 1 << 20

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, ByteBuffer())
        case .body(var part):
            guard body.readableBytes + part.readableBytes <= Self.bodyLimit else { return context.close(promise: nil) }
            body.writeBuffer(&part)
        case .end: respond(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func respond(_ context: ChannelHandlerContext) {
        guard let head else { return context.close(promise: nil) }
        let request = Received(
            method: head.method.rawValue, target: head.uri,
            headers: head.headers.map { Parameter($0.name, $0.value) }, body: String(buffer: body))
        guard case .status(let status, let location) = inbox.take(request) else { return }
        var headers = HTTPHeaders([("Content-Length", "0"), ("Cache-Control", "no-store")])
        if let location { headers.add(name: "Location", value: location) }
        let answer = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
