package import JOSE

/// A receiver's subscription to security events (OpenID SSF §8.1.1).
package struct EventStream: Sendable, Hashable {
    /// Whether events are sent (OpenID SSF §8.1.2).
    package enum Status: String, Sendable {
        case enabled = "enabled"
        /// Events are held until the stream is enabled again.
        case paused = "paused"
        /// Events are neither sent nor held.
        case disabled = "disabled"
    }

    package let id: Identifier<EventStream>
    package let client: Identifier<Client>
    /// Where events are pushed (RFC 8935); `nil` for a stream that the receiver polls (RFC 8936).
    package var endpoint: String?
    /// The `Authorization` field of each push, sealed together with `endpoint`. Stored in its own column.
    package var sealedAuthorization: [UInt8]?
    /// The requested event types as they were sent, including unknown ones; `nil` for all.
    package var requested: [String]?
    package var description: String?
    package var status = Status.enabled
    /// Why the status was set.
    package var reason: String?

    package init(
        id: Identifier<EventStream> = .random(), client: Identifier<Client>, endpoint: String? = nil,
        sealedAuthorization: [UInt8]? = nil, requested: [String]? = nil, description: String? = nil
    ) {
        self.id = id
        self.client = client
        self.endpoint = endpoint
        self.sealedAuthorization = sealedAuthorization
        self.requested = requested
        self.description = description
    }

    /// The stream as stored, without its authorization.
    package var document: JSONObject {
        var document: JSONObject = [
            "id": .string(id.rawValue), "client": .string(client.rawValue), "status": .string(status.rawValue),
        ]
        document["endpoint"] = endpoint.map(JSON.string)
        document["requested"] = requested.map { .array($0.map(JSON.string)) }
        document["description"] = description.map(JSON.string)
        document["reason"] = reason.map(JSON.string)
        return document
    }

    /// Parses what `document` returns; `nil` if a required member is missing.
    package init?(document: JSONObject, sealedAuthorization: [UInt8]?) {
        guard let id = document["id"]?.string, let client = document["client"]?.string,
            let status = document["status"]?.string.flatMap(Status.init)
        else { return nil }
        self.init(
            id: Identifier(rawValue: id), client: Identifier(rawValue: client),
            endpoint: document["endpoint"]?.string, sealedAuthorization: sealedAuthorization,
            requested: document["requested"]?.array?.compactMap(\.string),
            description: document["description"]?.string)
        self.status = status
        reason = document["reason"]?.string
    }

    /// `events_delivered`: the supported types that the receiver requested.
    package var delivered: [EventType] {
        EventType.supported.filter { type in requested?.contains { $0.isExactly(type.rawValue) } ?? true }
    }
}

package protocol EventStreamStore: Sendable {
    func all() async throws -> [EventStream]
    func find(_ id: Identifier<EventStream>) async throws -> EventStream?
    /// Returns the stream of a receiver, which has at most one.
    func stream(of client: Identifier<Client>) async throws -> EventStream?
    /// Inserts the stream unless its client has one. Returns whether it was inserted.
    func add(_ stream: EventStream) async throws -> Bool
    /// Replaces `stored` unless it has changed. Drops the waiting events if the new stream is disabled. Returns whether
    /// it was replaced.
    func update(_ stored: EventStream, to stream: EventStream) async throws -> Bool
    /// Deletes the stream with its subjects and waiting events. Returns whether it existed.
    func delete(_ id: Identifier<EventStream>) async throws -> Bool
    /// Sets whether the stream covers a user, whatever its default. Does nothing if there is no such user.
    func set(_ user: Identifier<User>, isIncluded: Bool, in stream: Identifier<EventStream>) async throws
}
