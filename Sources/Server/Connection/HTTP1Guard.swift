import IdentityProvider
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Enforces deadlines and header rules on an HTTP/1.1 connection, responds to malformed requests, and closes without
/// losing a response.
final class HTTP1Guard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// The maximum number of pipelined requests that await responses. Anything after them is not parsed, and the
    /// connection closes after the last response. Without a limit, one client could monopolize an event loop.
    static let pipelineLimit = 64

    private let limits: Limits
    private let connection: TrackedConnection
    /// The number of requests whose response is not yet written.
    private var pending = 0
    private var isReceiving = false
    /// Set when no request after the pending ones will get a response.
    private var isLast = false
    /// Set when the connection is about to close and input is discarded.
    private var isDeaf = false
    private var isClosing = false
    /// Set when the parser or the rules rejected a request. This handler writes the response.
    private var refusal: RequestRefusal?
    private var timer: Scheduled<Void>?

    init(limits: Limits, connection: TrackedConnection) {
        self.limits = limits
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        schedule(limits.requestDeadline, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDeaf else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard let checked = HTTP1Rules.check(head) else { return refuse(HTTPParserError.unknown, context) }
            guard connection.markBusy() else {
                isDeaf = true
                return context.close(mode: .all, promise: nil)
            }
            pending += 1
            isReceiving = true
            isLast = isLast || !head.isKeepAlive || pending == Self.pipelineLimit
            schedule(limits.requestDeadline, context)
            answerExpectation(of: head, context)
            context.fireChannelRead(wrapInboundOut(.head(checked)))
        case .body:
            context.fireChannelRead(data)
        case .end:
            isReceiving = false
            isDeaf = isLast
            timer?.cancel()
            awaitRequest(context)
            context.fireChannelRead(data)
        }
    }

    /// Sends `100 Continue` to a client that waits for it, unless its body would be refused (RFC 9110 §10.1.1).
    private func answerExpectation(of head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard head.version == .http1_1, head.headers.first(name: "Expect")?.lowercased() == "100-continue",
            pending == 1, head.headers.first(name: "Content-Length").flatMap({ Int($0) }) ?? 0 <= limits.bodySize
        else { return }
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isDeaf else { return }
        if let error = error as? HTTPParserError { refuse(error, context) } else { context.fireErrorCaught(error) }
    }

    private func refuse(_ error: HTTPParserError, _ context: ChannelHandlerContext) {
        refusal = RequestRefusal(headIsTooLarge: error == .headerOverflow)
        isDeaf = true
        isLast = true
        schedule(limits.requestDeadline, context)
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: isLast = true
        case is ConnectionShouldYield: context.close(mode: .all, promise: nil)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // The client expects no response after the last one.
        guard !isClosing else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head): write(head, context, promise)
        case .body: context.write(data, promise: promise)
        case .end: finish(data, context, promise)
        }
    }

    private func write(_ head: HTTPResponseHead, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        var head = head
        if pending == 0 || pending == 1 && isReceiving, let refusal {
            // The server has abandoned the request and produced only a status, which this response replaces.
            var head = HTTPResponseHead(refusal.head)
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(refusal.body))), promise: promise)
            return
        }
        if pending <= 1, isLast || isReceiving { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    private func finish(_ end: NIOAny, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        // The response came before the whole request. The rest is useless, and cannot be told apart from a next
        // request.
        let endsHere = pending <= 1 && (isLast || isReceiving)
        pending = max(0, pending - 1)
        guard endsHere else {
            context.write(end, promise: promise)
            awaitRequest(context)
            return
        }
        context.writeAndFlush(end, promise: promise)
        linger(context)
    }

    /// Half-closes the connection so that the response arrives. If a socket is closed with unread bytes, the peer's
    /// system discards data that the peer has not read yet (RFC 9112 §9.6).
    private func linger(_ context: ChannelHandlerContext) {
        isDeaf = true
        isClosing = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer?.cancel()
        timer = context.eventLoop.scheduleTask(in: .seconds(2)) { bound.value.close(mode: .all, promise: nil) }
        context.close(mode: .output, promise: nil)
    }

    // MARK: Timeouts

    private func awaitRequest(_ context: ChannelHandlerContext) {
        guard pending == 0 else { return }
        connection.markIdle()
        schedule(limits.idleTimeout, context)
    }

    private func schedule(_ seconds: Double, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(seconds: seconds)) {
            let (handler, context) = bound.value
            handler.timeIsUp(context)
        }
    }

    private func timeIsUp(_ context: ChannelHandlerContext) {
        guard isReceiving, pending > 0, !isDeaf else { return context.close(mode: .all, promise: nil) }
        isDeaf = true
        // The reader of the body gets the error and responds with 408 (RFC 9110 §15.5.9). If there is none, the
        // connection closes after the new deadline.
        schedule(limits.requestDeadline, context)
        context.fireErrorCaught(RequestTimeout())
    }
}
