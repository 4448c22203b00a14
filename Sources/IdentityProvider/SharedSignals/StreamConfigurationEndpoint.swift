import HTTPTypes
import JOSE

extension Path { static let eventStreams = Path("/ssf/streams") }

/// Creates, reads, updates and deletes the receiver's stream (OpenID SSF §8.1.1).
struct StreamConfigurationEndpoint: Endpoint {
    private let receivers: ReceiverAuthenticator
    private let streams: any EventStreamStore
    private let cache: CachedEventStreams
    private let sealer: Sealer
    private let issuer: Issuer
    private let audit: AuditLog
    let routes = [
        Route.signals(.get, .eventStreams), .signals(.post, .eventStreams), .signals(.patch, .eventStreams),
        .signals(.put, .eventStreams), .signals(.delete, .eventStreams),
    ]

    init(_ core: Core, receivers: ReceiverAuthenticator) {
        streams = core.stores.eventStreams
        cache = core.eventStreams
        sealer = core.sealer
        issuer = core.issuer
        audit = core.audit
        self.receivers = receivers
    }

    func respond(to request: Request) async throws -> Response {
        let receiver = try await receivers.receiver(request, to: request.method == .get ? .read : .manage)
        let response =
            switch request.method {
            case .post: try await create(request, receiver)
            case .patch, .put: try await update(request, receiver)
            case .delete: try await delete(request, receiver)
            default: try await read(request, receiver)
            }
        return response.offering(receiver.nextNonce)
    }

    private func create(_ request: Request, _ receiver: AuthenticatedReceiver) async throws -> Response {
        let wanted = try Self.parse(request.document(), of: receiver.client)
        var stream = EventStream(client: receiver.client.id)
        try change(&stream, to: wanted, keepsMissing: false)
        guard try await streams.add(stream) else {
            throw OAuthError(
                code: .invalidRequest, description: "this receiver already has a stream", status: .conflict)
        }
        record(stream, .create, Self.members(of: wanted))
        return .json(configuration(of: stream, receiver), status: .created)
    }

    private func read(_ request: Request, _ receiver: AuthenticatedReceiver) async throws -> Response {
        if let id = request.parameters["stream_id"] {
            return .json(configuration(of: try await receivers.stream(id, of: receiver), receiver))
        }
        let own = try await streams.stream(of: receiver.client.id).map { [$0] } ?? []
        let list = JSON.array(own.map { .object(configuration(of: $0, receiver)) })
        return Response(
            headers: [.contentType: "application/json", .cacheControl: "no-store"], body: .bytes(list.serialized()))
    }

    /// PATCH changes the members that are present, PUT also removes those that are missing (OpenID SSF §8.1.1.3,
    /// §8.1.1.4).
    private func update(_ request: Request, _ receiver: AuthenticatedReceiver) async throws -> Response {
        let body = try request.document()
        let stored = try await receivers.stream(body["stream_id"]?.string, of: receiver)
        try refuseOtherValues(in: body, than: configuration(of: stored, receiver))
        let wanted = try Self.parse(body, of: receiver.client)
        if let endpoint = wanted.pollEndpoint, !endpoint.isExactly(issuer.url(.eventPoll(stored.id))) {
            throw OAuthError.invalidRequest("delivery.endpoint_url of a polled stream is chosen by the transmitter")
        }
        var stream = stored
        try change(&stream, to: wanted, keepsMissing: request.method == .patch)
        guard try await streams.update(stored, to: stream) else { throw OAuthError.concurrentStreamChange }
        record(stream, .update, Self.members(of: wanted))
        return .json(configuration(of: stream, receiver))
    }

    private func delete(_ request: Request, _ receiver: AuthenticatedReceiver) async throws -> Response {
        let stream = try await receivers.stream(request.parameters["stream_id"], of: receiver)
        if try await streams.delete(stream.id) { record(stream, .delete, []) }
        return Response(status: .noContent, headers: [.cacheControl: "no-store"])
    }

    private static func parse(_ body: JSONObject, of client: Client) throws -> StreamRequest {
        do { return try StreamRequest(body, of: client) } catch { throw OAuthError(error) }
    }

    /// A delivery is replaced as a whole, so that no authorization goes to an endpoint that it wasn't given for.
    private func change(_ stream: inout EventStream, to wanted: StreamRequest, keepsMissing: Bool) throws {
        switch wanted.delivery {
        case .push(let endpoint, let authorization)?:
            stream.endpoint = endpoint
            stream.sealedAuthorization = try authorization.map { try sealer.seal($0, of: stream) }
        case nil where keepsMissing: break
        // Poll is the default (OpenID SSF §8.1.1.1).
        case .poll?, nil: (stream.endpoint, stream.sealedAuthorization) = (nil, nil)
        }
        if !keepsMissing || wanted.requested != nil { stream.requested = wanted.requested }
        if !keepsMissing || wanted.description != nil { stream.description = wanted.description }
    }

    /// Members that the transmitter supplies may be sent back, but not with other values.
    private func refuseOtherValues(in body: JSONObject, than configuration: JSONObject) throws(OAuthError) {
        for name in ["iss", "aud", "events_supported", "events_delivered", "min_verification_interval"] {
            guard let value = body[name], value != configuration[name] else { continue }
            throw .invalidRequest("\(name) is supplied by the transmitter and can't be changed")
        }
    }

    private func configuration(of stream: EventStream, _ receiver: AuthenticatedReceiver) -> JSONObject {
        let method: DeliveryMethod = stream.endpoint == nil ? .poll : .push
        var document: JSONObject = [
            "stream_id": .string(stream.id.rawValue), "iss": .string(issuer.identifier),
            "aud": .string(receiver.client.eventAudience),
            // Without the authorization, which the thief of a token for reading must not get.
            "delivery": [
                "method": .string(method.rawValue),
                "endpoint_url": .string(stream.endpoint ?? issuer.url(.eventPoll(stream.id))),
            ],
            "events_supported": .array(EventType.supported.map { .string($0.rawValue) }),
            "events_delivered": .array(stream.delivered.map { .string($0.rawValue) }),
            "min_verification_interval": .integer(StreamVerificationEndpoint.interval),
        ]
        document["events_requested"] = stream.requested.map { .array($0.map(JSON.string)) }
        document["description"] = stream.description.map(JSON.string)
        return document
    }

    private static func members(of wanted: StreamRequest) -> [String] {
        [
            wanted.delivery.map { _ in "delivery" }, wanted.requested.map { _ in "events_requested" },
            wanted.description.map { _ in "description" },
        ].compactMap(\.self)
    }

    private func record(_ stream: EventStream, _ action: ResourceAction, _ members: [String]) {
        cache.clear()
        audit.record(stream.changed(action, members), client: stream.client)
    }
}

extension EventStream {
    /// The audit event for a change of the stream.
    func changed(_ action: ResourceAction, _ members: [String]) -> AuditEvent {
        .resourceChanged(kind: "event stream", name: id.rawValue, action: action, members: members)
    }
}

extension Client {
    /// `aud` of the security events for the client.
    var eventAudience: String { eventReceiver?.audience ?? id.rawValue }
}
