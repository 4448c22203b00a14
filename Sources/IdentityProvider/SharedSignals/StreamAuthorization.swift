import FoundationEssentials
import JOSE

/// The `Authorization` field that a receiver expects, sealed together with its stream and endpoint: someone who can write
/// to the database can't direct it to a server of their own.
struct StreamAuthorization: Codable, Sendable {
    let field: String
    let stream: Identifier<EventStream>
    let endpoint: String

    private enum CodingKeys: String, CodingKey { case field, stream, endpoint }
}

extension Sealer {
    func seal(_ field: String, of stream: EventStream) throws -> [UInt8] {
        let value = StreamAuthorization(field: field, stream: stream.id, endpoint: stream.endpoint ?? "")
        return try seal(Array(JSONEncoder().encode(value)), for: .streamAuthorization)
    }

    /// Returns the field, or `nil` if the stream has none. Throws `NotOurs` if it was sealed for another stream or
    /// endpoint.
    func authorization(of stream: EventStream) throws(NotOurs) -> String? {
        guard let sealed = stream.sealedAuthorization else { return nil }
        let plaintext = try open(sealed, for: .streamAuthorization)
        guard let opened = try? JSONDecoder().decode(StreamAuthorization.self, from: Data(plaintext)),
            opened.stream == stream.id, opened.endpoint.isExactly(stream.endpoint ?? "")
        else { throw NotOurs() }
        return opened.field
    }
}
