import IdentityProvider
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Keeps an HTTP/1.1 connection honest: deadlines for requests, rules for their heads, answers to what is no HTTP, and
/// an end that loses no answer.
final class HTTP1Guard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Requests that wait for answers on one connection, at most: what comes after them is not read as requests, and the
    /// last answer ends the connection. Without a bound one client could keep an event loop from all others.
    static let pipelineLimit = 64

    private let limits: Limits
    private let connection: TrackedConnection
    /// Requests whose answer is not yet written.
    private var pending = 0
    private var isReceiving = false
    /// Set when no request after those pending will be answered.
    private var isLast = false
    /// Set when the end is near: what comes in is read and dropped.
    private var isDeaf = false
    private var isClosing = false
    /// What the parser or the rules did not like: the answer to it is worded here.
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

    // MARK: What comes in

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

    /// A client that waits to be asked for its body is asked, unless the body is refused anyway (RFC 9110 §10.1.1).
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

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // After the last answer there is nobody to hear another.
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
            // The server has given up on the request; what it says of it is no more than a status.
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
        // Answered before it was there: what is still to come is of no use, and cannot be told from a next request.
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

    /// Ends the connection so that the answer arrives: a socket closed with bytes unread makes the peer's system throw
    /// away what it has not read yet (RFC 9112 §9.6).
    private func linger(_ context: ChannelHandlerContext) {
        isDeaf = true
        isClosing = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer?.cancel()
        timer = context.eventLoop.scheduleTask(in: .seconds(2)) { bound.value.close(mode: .all, promise: nil) }
        context.close(mode: .output, promise: nil)
    }

    // MARK: Time

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
        // Whoever reads the body hears of it and answers 408 (RFC 9110 §15.5.9); if nobody does, the end comes anyway.
        schedule(limits.requestDeadline, context)
        context.fireErrorCaught(RequestTimeout())
    }
}
