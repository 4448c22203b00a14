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
        /// 400 with the reason for which an event receiver refuses an event (RFC 8935 §2.3).
        case refusal(String)
        /// Never responds.
        case silence
    }

    package let port: Int
    private let channel: any Channel
    private let inbox: Inbox
    private let taken = Mutex<Set<String>>([])

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

    /// Runs `body` while no other module uses `name`, something that the target has only one of.
    func using<Result: Sendable>(_ name: String, _ body: () async throws -> Result) async throws -> Result {
        while !taken.withLock({ $0.insert(name).inserted }) { try await Task.sleep(for: .milliseconds(20)) }
        defer { taken.withLock { _ = $0.remove(name) } }
        return try await body()
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
        switch inbox.take(request) {
        case .status(let status, let location): send(status, location.map { [("Location", $0)] } ?? [], context)
        case .refusal(let code):
            let body = JSON.object(["err": .string(code), "description": "a test"]).text
            send(400, [("Content-Type", "application/json")], body: body, context)
        case .silence: break
        }
    }

    private func send(
        _ status: Int, _ fields: [(String, String)], body: String = "", _ context: ChannelHandlerContext
    ) {
        let headers = HTTPHeaders([("Content-Length", "\(body.utf8.count)"), ("Cache-Control", "no-store")] + fields)
        let answer = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
