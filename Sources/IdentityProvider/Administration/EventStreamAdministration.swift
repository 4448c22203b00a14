package import JOSE

extension Administration {
    /// Returns every receiver's stream with the number of its waiting events.
    package func eventStreams() async throws -> [JSONObject] {
        var summaries: [JSONObject] = []
        for stream in try await stores.eventStreams.all() { summaries.append(try await summary(of: stream)) }
        return summaries
    }

    /// Returns the stream with this identifier; `nil` if there is none.
    package func eventStream(_ id: String) async throws -> JSONObject? {
        guard let stream = try await stores.eventStreams.find(Identifier(rawValue: id)) else { return nil }
        return try await summary(of: stream)
    }

    /// Deletes a stream with its waiting events. Its receiver may create another. Returns whether it existed.
    package func deleteEventStream(_ id: String) async throws -> Bool {
        guard let stream = try await stores.eventStreams.find(Identifier(rawValue: id)),
            try await stores.eventStreams.delete(stream.id)
        else { return false }
        audit.record(stream.changed(.delete, []), client: stream.client, by: actor)
        return true
    }

    private func summary(of stream: EventStream) async throws -> JSONObject {
        let backlog = try await stores.securityEvents.backlog(of: stream.id)
        let method: DeliveryMethod = stream.endpoint == nil ? .poll : .push
        return [
            "stream_id": .string(stream.id.rawValue), "client_id": .string(stream.client.rawValue),
            "status": .string(stream.status.rawValue), "reason": stream.reason.map(JSON.string) ?? .null,
            "method": .string(method.rawValue), "endpoint_url": stream.endpoint.map(JSON.string) ?? .null,
            "events_delivered": .array(stream.delivered.map { .string($0.rawValue) }),
            "description": stream.description.map(JSON.string) ?? .null, "waiting": .integer(backlog.count),
        ]
    }
}
