import FoundationEssentials
import HTTPTypes
import JOSE
import Synchronization
import TestSupport

@testable import IdentityProvider

/// A receiver that is pushed to, with an answer for each of its addresses.
final class CannedReceiver: Fetcher {
    enum Answer: Sendable {
        case status(Int, body: String = "")
        case failure(FetchError)
        /// Waits until the task is canceled.
        case silence
    }

    private struct State {
        var answers: [String: Answer] = [:]
        var requests: [(request: FetchRequest, policy: FetchPolicy)] = []
    }

    private let state = Mutex(State())

    func answer(_ answer: Answer, at url: String = SignalTests.endpoint) {
        state.withLock { $0.answers[url] = answer }
    }

    func asked(_ url: String = SignalTests.endpoint) -> [FetchRequest] {
        state.withLock { $0.requests.map(\.request).filter { $0.url == url } }
    }

    var policies: [FetchPolicy] { state.withLock { $0.requests.map(\.policy) } }

    /// The claims of the events pushed to `url`.
    func events(_ url: String = SignalTests.endpoint) throws -> [JSONObject] {
        try asked(url).map { try JWTClaims.of(String(decoding: $0.body, as: UTF8.self)) }
    }

    func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        let answer = state.withLock { state in
            state.requests.append((request, policy))
            return state.answers[request.url] ?? .status(202)
        }
        switch answer {
        case .status(let status, let body):
            let response = FetchResponse(status: status, body: Array(body.utf8))
            guard (200..<300).contains(status) else {
                throw FetchError.unsuccessful(host: "receiver.example", response)
            }
            return response
        case .failure(let error): throw error
        case .silence:
            for await _ in AsyncStream<Void>(unfolding: { try? await Task.sleep(for: .seconds(3_600)) }) {}
            throw CancellationError()
        }
    }
}

/// What the tests of shared signals share.
enum SignalTests {
    static let endpoint = "https://receiver.example/events"
    static let push = "urn:ietf:rfc:8935"
    static let poll = "urn:ietf:rfc:8936"
    static let caep = "https://schemas.openid.net/secevent/caep/event-type/"
    static let risc = "https://schemas.openid.net/secevent/risc/event-type/"
    static let ssf = "https://schemas.openid.net/secevent/ssf/event-type/"

    /// `siem` learns about everyone, `app` and `lan` about those they add. `web` is no receiver.
    static let resources = """
        {"users": [
            {"username": "alice", "password": "correct horse", "email": "alice@example.com", "email_verified": true},
            {"username": "bob", "password": "battery staple"}],
         "clients": [
            {"client_id": "siem", "client_secret": "siem-secret-siem-secret-siem-secret-1",
             "grant_types": ["client_credentials"], "scope": "ssf.read ssf.manage", "event_receiver":
                {"subjects": "all"}},
            {"client_id": "app", "client_secret": "app-secret-app-secret-app-secret-1",
             "grant_types": ["client_credentials"], "scope": "ssf.read ssf.manage orders.read",
             "event_receiver": {"audience": "https://app.example/", "signed_response_alg": "ES256"}},
            {"client_id": "lan", "client_secret": "lan-secret-lan-secret-lan-secret-1", "private_network": true,
             "grant_types": ["client_credentials"], "scope": "ssf.manage", "event_receiver": {}},
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
             "redirect_uris": ["https://shop.example/callback"], "scope": "openid profile ssf.manage orders.read",
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"]}],
         "resource_servers": [{"identifier": "https://api.example.com", "scopes": ["orders.read"]}]}
        """
}

extension TestIssuer {
    static func withReceivers(
        _ identifier: String = "https://id.example.com", database: TestDatabase? = nil,
        fetcher: any Fetcher = CannedReceiver(), configure: (inout Settings) -> Void = { _ in }
    ) async throws -> TestIssuer {
        try await TestIssuer(
            identifier, resources: SignalTests.resources, database: database, fetcher: fetcher, configure: configure)
    }

    func receiverToken(_ client: String = "siem", scope: String = "ssf.manage") async throws -> String {
        let response = try await token(
            [("grant_type", "client_credentials"), ("scope", scope)], client: client)
        guard let token = try response.json()["access_token"]?.string else {
            throw Unexpected("no token: \(try response.json())")
        }
        return token
    }

    /// Calls the management API as a receiver.
    func signals(
        _ method: HTTPRequest.Method, _ path: String, _ json: String = "", query: String? = nil,
        as client: String = "siem",
        scope: String = "ssf.manage", type: String? = "application/json", token: String? = nil
    ) async throws -> Response {
        let bearer = if let token { token } else { try await receiverToken(client, scope: scope) }
        var headers: HTTPFields = [.authorization: "Bearer \(bearer)"]
        if method != .get { headers[.contentType] = type }
        for endpoint in provider.endpoints {
            guard
                let route = endpoint.routes.first(where: { route in
                    route.method == method && (route.path.text == path || route.path.value(in: path) != nil)
                })
            else { continue }
            do {
                return try await endpoint.respond(
                    to: Request(
                        method: method, path: route.path.text, variable: route.path.value(in: path), query: query,
                        headers: headers, body: Array(json.utf8), reading: route.body))
            } catch { return endpoint.refusal(OAuthError(reporting: error)) }
        }
        throw Unexpected("no route \(method) \(path)")
    }

    /// Creates the receiver's stream: pushed to `endpoint`, or polled.
    func stream(_ client: String = "siem", to endpoint: String? = nil, _ more: String = "") async throws -> String {
        let delivery =
            endpoint.map { #""method": "\#(SignalTests.push)", "endpoint_url": "\#($0)""# }
            ?? #""method": "\#(SignalTests.poll)""#
        let response = try await signals(.post, "/ssf/streams", #"{"delivery": {\#(delivery)}\#(more)}"#, as: client)
        guard response.status == .created, let id = try response.json()["stream_id"]?.string else {
            throw Unexpected("no stream: \(try response.json())")
        }
        // The record of the creation is no event, but it is part of the next batch.
        try await audit.flush()
        return id
    }

    func set(_ status: String, of stream: String, as client: String = "siem") async throws {
        let body = #"{"stream_id": "\#(stream)", "status": "\#(status)"}"#
        let response = try await signals(.post, "/ssf/status", body, as: client)
        guard response.status == .ok else { throw Unexpected("status not set: \(try response.json())") }
    }

    func user(_ name: String) async throws -> User {
        guard let user = try await stores.users.find(named: name) else { throw Unexpected("no user \(name)") }
        return user
    }

    /// Records `count` password changes of a user, which make one event each.
    func changePassword(of name: String = "alice", _ count: Int = 1) async throws {
        let user = try await user(name)
        for _ in 0..<count { audit.record(.passwordChanged, user: user.id) }
        try await audit.flush()
    }

    /// Polls without waiting. Returns the tokens by `jti`.
    func poll(
        _ stream: String, _ more: String = "", as client: String = "siem"
    ) async throws -> [(id: String, token: String)] {
        let response = try await signals(
            .post, "/ssf/poll/\(stream)", #"{"returnImmediately": true\#(more)}"#, as: client)
        guard response.status == .ok, let sets = try response.json()["sets"]?.object else {
            throw Unexpected("no sets: \(try response.json())")
        }
        return sets.members.compactMap { name, value in value.string.map { (name, $0) } }
    }

    /// The claims of what a poll returns.
    func polled(_ stream: String, as client: String = "siem") async throws -> [JSONObject] {
        try await poll(stream, as: client).map { try JWTClaims.of($0.token) }
    }

    var transmitter: EventTransmitter {
        EventTransmitter(core, pusher: EventPusher(core, signer: SecurityEventSigner(core)), interval: .milliseconds(5))
    }

    /// Makes one attempt at each event that is due.
    func push(_ stream: String) async throws {
        while try await transmitter.deliverDue(to: stream) > 0 {}
    }

    func waiting(_ stream: String) async throws -> [SecurityEvent] {
        try await stores.securityEvents.due(to: stream, at: .distantFuture, limit: 100_000)
    }
}

extension JSONObject {
    /// The type and content of the only event of a SET.
    func event() throws -> (type: String, content: JSONObject) {
        guard let members = self["events"]?.object?.members, members.count == 1, let content = members[0].value.object
        else { throw Unexpected("expected one event in \(self)") }
        return (members[0].name, content)
    }
}
