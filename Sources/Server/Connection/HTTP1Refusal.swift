import JOSE
import NIOCore
import NIOHTTP1

/// The answer to bytes that are no request (RFC 9112 §2.2).
struct HTTP1Refusal {
    let head: HTTPResponseHead
    let body: ByteBuffer

    init(_ error: HTTPParserError) {
        let isTooLarge = error == .headerOverflow
        let description = isTooLarge ? "the header is too large" : "this is no valid HTTP request"
        body = Self.body(description)
        head = HTTPResponseHead(
            version: .http1_1,
            // RFC 6585 §5.
            status: isTooLarge ? .requestHeaderFieldsTooLarge : .badRequest,
            headers: [
                "Content-Type": "application/json", "Content-Length": String(body.readableBytes),
                "Connection": "close", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "same-origin",
            ])
    }

    static func body(_ description: String) -> ByteBuffer {
        let json: JSONObject = ["error": "invalid_request", "error_description": .string(description)]
        return ByteBuffer(bytes: json.serialized())
    }
}
