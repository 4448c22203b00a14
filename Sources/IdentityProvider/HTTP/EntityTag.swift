import Crypto
import HTTPTypes
import JOSE

/// A strong validator of a representation (RFC 9110 §8.8.3).
struct EntityTag: Hashable, Sendable {
    /// Between the quotes.
    private let opaque: String

    init(of body: [UInt8]) { opaque = Base64URL.encode(Array(SHA256.hash(data: body).prefix(12))) }

    /// The field value, with quotes.
    var text: String { "\"\(opaque)\"" }

    /// Whether an `If-None-Match` lists this tag. The comparison is weak: `W/` makes no difference (RFC 9110 §13.1.2).
    func isListed(in condition: String) -> Bool {
        guard condition != "*" else { return true }
        // A tag may contain commas but no quotes, so every second piece between quotes is a tag.
        let pieces = condition.split(separator: "\"", omittingEmptySubsequences: false)
        return stride(from: 1, to: pieces.count - 1, by: 2).contains { pieces[$0] == opaque }
    }
}

extension Response {
    /// A representation that anybody may cache for `maxAge` seconds, or 304 if the request shows that it is still the
    /// cached one (RFC 9110 §15.4.5).
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
