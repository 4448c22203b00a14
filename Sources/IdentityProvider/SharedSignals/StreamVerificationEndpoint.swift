import FoundationEssentials
import HTTPTypes
import JOSE

extension Path { static let eventStreamVerification = Path("/ssf/verification") }

/// Sends a verification event over the receiver's stream (OpenID SSF §8.1.4).
struct StreamVerificationEndpoint: Endpoint {
    private let receivers: ReceiverAuthenticator
    private let events: any SecurityEventStore
    private let sealer: Sealer
    private let limiter: RateLimiter
    private let issuer: Issuer
    private let now: @Sendable () -> Date
    let routes = [Route.signals(.post, .eventStreamVerification)]

    init(_ core: Core, receivers: ReceiverAuthenticator) {
        events = core.stores.securityEvents
        sealer = core.sealer
        limiter = core.limiter
        issuer = core.issuer
        now = core.now
        self.receivers = receivers
    }

    func respond(to request: Request) async throws -> Response {
        let receiver = try await receivers.receiver(request, to: .manage)
        let body = try request.document()
        let stream = try await receivers.stream(body["stream_id"]?.string, of: receiver)
        let state = body["state"]?.string
        guard body["state"] == nil || (state ?? "").utf8.count <= 1_024 && state != nil else {
            throw OAuthError.invalidRequest("state must be a string of at most 1024 bytes")
        }
        if let seconds = limiter.take("\(issuer) verification \(stream.id)", of: Self.limit, at: now()) {
            throw OAuthError.tooManyRequests(retryAfter: seconds)
        }
        if stream.status != .disabled {
            let content: JSONObject = state.map { ["state": .string($0)] } ?? [:]
            let signal = stream.signal(.verification, content, at: now())
            try await events.add(signal.sealed(by: sealer).event(in: stream.id))
        }
        return Response(status: .noContent, headers: [.cacheControl: "no-store"]).offering(receiver.nextNonce)
    }

    /// `min_verification_interval`, in seconds. Two may follow each other at once.
    static let interval = 10
    private static let limit = RateLimit(burst: 2, perMinute: 60 / interval)
}

extension EventStream {
    /// An event about the stream itself, which names it by its identifier (OpenID SSF §8.1.4.1, §8.1.5).
    func signal(_ type: EventType, _ content: JSONObject, at moment: Date) -> SecuritySignal {
        SecuritySignal(
            id: Identifier<SecuritySignal>.random().rawValue, type,
            about: ["format": "opaque", "id": .string(id.rawValue)], content, at: moment)
    }
}
