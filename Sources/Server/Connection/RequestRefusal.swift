import HTTPTypes
import JOSE
import NIOCore

/// The response to a malformed request (RFC 9112 §2.2, RFC 9113 §8.1.1). It bypasses the middleware and therefore
/// includes its own security header fields.
struct RequestRefusal {
    let head: HTTPResponse
    let body: ByteBuffer

    init(headIsTooLarge: Bool = false) {
        let description = headIsTooLarge ? "the header is too large" : "this is not a valid HTTP request"
        let json: JSONObject = ["error": "invalid_request", "error_description": .string(description)]
        body = ByteBuffer(bytes: json.serialized())
        head = HTTPResponse(
            // RFC 6585 §5.
            status: headIsTooLarge ? .requestHeaderFieldsTooLarge : .badRequest,
            headerFields: [
                .contentType: "application/json", .contentLength: String(body.readableBytes),
                .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
                .crossOriginResourcePolicy: "same-origin",
            ])
    }
}
