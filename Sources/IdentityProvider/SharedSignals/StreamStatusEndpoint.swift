import HTTPTypes
import JOSE

extension Path { static let eventStreamStatus = Path("/ssf/status") }

/// Reads and sets the status of the receiver's stream (OpenID SSF §8.1.2).
struct StreamStatusEndpoint: Endpoint {
    private let receivers: ReceiverAuthenticator
    private let streams: any EventStreamStore
    private let cache: CachedEventStreams
    private let audit: AuditLog
    let routes = [Route.signals(.get, .eventStreamStatus), .signals(.post, .eventStreamStatus)]

    init(_ core: Core, receivers: ReceiverAuthenticator) {
        streams = core.stores.eventStreams
        cache = core.eventStreams
        audit = core.audit
        self.receivers = receivers
    }

    func respond(to request: Request) async throws -> Response {
        let isUpdate = request.method == .post
        let receiver = try await receivers.receiver(request, to: isUpdate ? .manage : .read)
        let stream = isUpdate ? try await update(request.document(), receiver) : try await read(request, receiver)
        return .json(stream.statusDocument).offering(receiver.nextNonce)
    }

    private func read(_ request: Request, _ receiver: AuthenticatedReceiver) async throws -> EventStream {
        try await receivers.stream(request.parameters["stream_id"], of: receiver)
    }

    private func update(_ body: JSONObject, _ receiver: AuthenticatedReceiver) async throws -> EventStream {
        let stored = try await receivers.stream(body["stream_id"]?.string, of: receiver)
        guard let status = body["status"]?.string.flatMap(EventStream.Status.init) else {
            throw OAuthError.invalidRequest("status must be enabled, paused or disabled")
        }
        let reason = body["reason"]?.string
        guard (reason ?? "").utf8.count <= 1_024, !FormEncoding.hasControlCharacter((reason ?? "").utf8) else {
            throw OAuthError.invalidRequest("reason must be at most 1024 bytes without control characters")
        }
        var stream = stored
        (stream.status, stream.reason) = (status, reason)
        guard stream != stored else { return stream }
        guard try await streams.update(stored, to: stream) else { throw OAuthError.concurrentStreamChange }
        cache.clear()
        audit.record(stream.changed(.update, ["status"]), client: stream.client)
        return stream
    }
}

extension EventStream {
    fileprivate var statusDocument: JSONObject {
        var document: JSONObject = ["stream_id": .string(id.rawValue), "status": .string(status.rawValue)]
        document["reason"] = reason.map(JSON.string)
        return document
    }
}
