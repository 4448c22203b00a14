import NIOCore
import NIOHTTP2

/// Keeps a malformed head from the codec, which would silently repair it.
final class HTTP2HeadGuard: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload

    private var hasHead = false
    /// Set when the rest of the request is discarded.
    private var isDeaf = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDeaf else { return }
        guard case .headers(var block) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        if hasHead {
            // Trailers: the response may have begun, so the stream is closed (RFC 9113 §8.1.1).
            guard HTTP2Rules.valuesAreTrimmed(block.headers) else { return context.close(mode: .all, promise: nil) }
        } else {
            guard let head = HTTP2Rules.check(block.headers) else {
                isDeaf = true
                return context.fireUserInboundEventTriggered(MalformedHead(isWholeRequest: block.endStream))
            }
            block.headers = head
        }
        hasHead = true
        context.fireChannelRead(wrapInboundOut(.headers(block)))
    }
}

/// The event sent when a stream begins with a malformed head.
struct MalformedHead: Sendable {
    /// Whether the request ends with its head.
    let isWholeRequest: Bool
}
