import Crypto
import HTTPTypes
import JOSE

/// A strong validator of a representation (RFC 9110 §8.8.3).
struct EntityTag: Hashable, Sendable {
    /// The text between the quotes.
    private let opaque: String

    init(of body: [UInt8]) { opaque = Base64URL.encode(Array(SHA256.hash(data: body).prefix(12))) }

    /// The field value, with quotes.
    var text: String { "\"\(opaque)\"" }

    /// Whether an `If-None-Match` value lists this tag. The comparison is weak: it ignores `W/` (RFC 9110 §13.1.2).
    func isListed(in condition: String) -> Bool {
        guard condition != "*" else { return true }
        // Tags may contain commas but not quotes, so every second piece is a tag.
        let pieces = condition.split(separator: "\"", omittingEmptySubsequences: false)
        return stride(from: 1, to: pieces.count - 1, by: 2).contains { pieces[$0] == opaque }
    }
}

extension Response {
    /// Returns a publicly cacheable response, or 304 if the client's cached copy is current (RFC 9110 §15.4.5).
    /// `maxAge` is in seconds.
    static func cacheable(
        _ body: [UInt8], type: String, tag: EntityTag, maxAge: Int, for request: Request
    ) -> Response {
        let headers: HTTPFields = [
            .contentType: type, .cacheControl: "public, max-age=\(maxAge)", .eTag: tag.text,
        ]
        if let condition = request.headers[.ifNoneMatch], tag.isListed(in: condition) {
            return Response(status: .notModified, headers: headers)
        }
        return Response(headers: headers, body: .bytes(body))
    }
}
