import FoundationEssentials
import HTTPTypes
import JOSE

/// A client that receives shared signals, authenticated by its access token. Only `ReceiverAuthenticator` creates one.
struct AuthenticatedReceiver: Sendable {
    let client: Client
    let settings: EventReceiver
    /// The nonce that the sender should use from now on (RFC 9449 §8.2).
    let nextNonce: String?

    fileprivate init(_ client: Client, _ settings: EventReceiver, nextNonce: String?) {
        self.client = client
        self.settings = settings
        self.nextNonce = nextNonce
    }
}

/// Admits receivers to the management API and to polling (OpenID SSF §8; CAEP Interoperability Profile §2.7).
struct ReceiverAuthenticator: Sendable {
    /// What an operation does.
    enum Access: Sendable {
        case read, manage

        fileprivate var scopes: [String] { self == .read ? ["ssf.read", "ssf.manage"] : ["ssf.manage"] }
    }

    private let bearers: BearerAuthenticator
    private let clients: any ClientStore
    private let streams: any EventStreamStore
    private let limiter: RateLimiter
    private let issuer: Issuer
    private let now: @Sendable () -> Date

    init(_ core: Core, bearers: BearerAuthenticator) {
        self.bearers = bearers
        clients = core.clients
        streams = core.stores.eventStreams
        limiter = core.limiter
        issuer = core.issuer
        now = core.now
    }

    /// Throws the challenge of RFC 6750 §3, `access_denied` for another client than a receiver, and 429 for a receiver
    /// that asks too often.
    func receiver(_ request: Request, to access: Access) async throws -> AuthenticatedReceiver {
        let bearer = try await bearers.authenticate(request)
        let (token, scopes) = (bearer.token, access.scopes)
        guard scopes.contains(where: token.scope.contains) else {
            throw OAuthError.bearerChallenge(
                .insufficientScope, "the scope \(scopes[0]) is required", [("scope", scopes[0])], scheme: bearer.scheme)
        }
        Decision.concerns(token.client)
        // A receiver acts for itself: a user can't consent to what it learns about others.
        guard bearer.person == nil, let client = try await clients.findEnabled(token.client),
            let settings = client.eventReceiver
        else {
            Decision.note("The client \(token.client) is not registered with event_receiver.")
            throw OAuthError(code: .accessDenied, description: "the client is not a receiver of shared signals")
        }
        if let seconds = limiter.take("\(issuer) signals \(client.id)", of: Self.limit, at: now()) {
            throw OAuthError.tooManyRequests(retryAfter: seconds)
        }
        return AuthenticatedReceiver(client, settings, nextNonce: bearer.nextNonce)
    }

    /// Counts a response with events, which are signed for it. Throws 429 for a receiver that lets Martlet sign too many.
    func chargeEvents(to receiver: AuthenticatedReceiver) throws(OAuthError) {
        let name = "\(issuer) signed signals \(receiver.client.id)"
        if let seconds = limiter.take(name, of: Self.signing, at: now()) { throw .tooManyRequests(retryAfter: seconds) }
    }

    /// Returns the receiver's stream. Throws 404 for any other, whether or not it exists (OpenID SSF §8), and for a
    /// receiver that has been disabled since.
    func stream(_ id: String?, of receiver: AuthenticatedReceiver) async throws -> EventStream {
        guard try await clients.findEnabled(receiver.client.id) != nil else { throw OAuthError.noSuchStream }
        guard let id, let stream = try await streams.find(Identifier(rawValue: id)), stream.client == receiver.client.id
        else { throw OAuthError.noSuchStream }
        return stream
    }

    /// For each receiver on each node.
    private static let limit = RateLimit(burst: 120, perMinute: 600)
    /// In responses of up to 50 events.
    private static let signing = RateLimit(burst: 120, perMinute: 120)
}

extension OAuthError {
    fileprivate static let noSuchStream = OAuthError(
        code: .invalidRequest, description: "this receiver has no stream with this stream_id", status: .notFound)
    /// OpenID SSF §8.1.1.
    static let concurrentStreamChange = OAuthError(
        code: .invalidRequest, description: "the stream was changed at the same time, try again", status: .conflict)
}

extension Route {
    /// A route of the management API, which takes a JSON document.
    static func signals(_ method: HTTPRequest.Method, _ path: Path) -> Route { Route(method, path, body: .document) }
}

extension Request {
    /// The JSON object in the body. Throws 415 for another media type and `invalid_request` for malformed JSON.
    func document() throws(OAuthError) -> JSONObject {
        let type = headers[.contentType]?.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard type == "application/json" else {
            throw OAuthError(
                code: .invalidRequest, description: "the body must be application/json", status: .unsupportedMediaType,
                reason: .contentType)
        }
        guard let object = try? JSONObject(parsing: body, maximumDepth: 8) else {
            throw .invalidRequest("the body must be a JSON object")
        }
        return object
    }
}

extension OAuthError {
    /// The first problem of a document that a receiver sent.
    init(_ document: InvalidDocument) {
        let problem = document.problems.first.map { "\($0.member) \($0.reason)" }
        self = .invalidRequest(problem ?? "the document is invalid")
    }
}
