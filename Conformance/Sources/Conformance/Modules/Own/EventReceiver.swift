/// A receiver of security events (OpenID SSF 1.0).
struct EventReceiver: Sendable {
    enum Delivery: Sendable { case push, poll }

    let trial: Trial
    let receiver: Receiver
    let registration: Registration
    let metadata: TransmitterMetadata
    private let token: String
    /// Where pushed events arrive, unlike those of any other module.
    let path = "/events/\(String.random())"
    /// The `Authorization` field that pushes must have.
    let secret = "Bearer \(String.random())"

    /// Gets an access token. Throws `NotConfigured` if the target lacks the client or the receiver, `Skip` if the
    /// provider is no transmitter.
    init(_ trial: Trial, _ role: Role = .eventReceiver, scope: String? = nil) async throws {
        self.trial = trial
        registration = try trial.registration(role)
        receiver = try trial.listening()
        metadata = try await TransmitterMetadata(trial)
        let scope = scope ?? registration.scope ?? "ssf.read ssf.manage"
        let answer = try await trial.token(
            [Parameter("grant_type", "client_credentials"), Parameter("scope", scope)], as: registration)
        try trial.require(TokenAnswerConditions.succeeds, answer)
        token = answer.json?["access_token"]?.string ?? ""
    }

    // Management

    func send(
        _ method: String, _ endpoint: String, _ body: JSON? = nil, query: [Parameter] = [], token: String? = nil
    ) async throws -> WebAnswer {
        try await send(method, metadata.endpoint(endpoint).adding(query), body, token: token)
    }

    func send(_ method: String, _ address: WebAddress, _ body: JSON? = nil, token: String? = nil) async throws
        -> WebAnswer
    {
        var request = WebRequest(method, address, headers: [Trial.bearer(token ?? self.token)], body: body?.text)
        if body != nil { request.headers.append(Parameter("Content-Type", "application/json")) }
        return try await trial.send(request)
    }

    func wanted(_ delivery: Delivery, events: [String]? = nil) -> JSON {
        var members: [String: JSON] = ["description": "Conformance"]
        switch delivery {
        case .poll: members["delivery"] = ["method": "urn:ietf:rfc:8936"]
        case .push:
            members["delivery"] = [
                "method": "urn:ietf:rfc:8935", "authorization_header": .string(secret),
                "endpoint_url": .string((trial.target.receiver?.url ?? "") + path),
            ]
        }
        members["events_requested"] = .array((events ?? SecurityEvents.all).map(JSON.string))
        return .object(members)
    }

    /// Runs `body` with a new stream. The provider may allow only one stream for each receiver, so modules take turns.
    func withStream(
        _ delivery: Delivery, events: [String]? = nil, _ body: (EventStream) async throws -> Void
    ) async throws {
        try await receiver.using("stream of \(registration.clientID)") {
            try await deleteStreams()
            // The acknowledgment of RFC 8935 §2.2, unless the module reacts in another way.
            let path = path
            if delivery == .push { receiver.react(.status(202), times: .max, to: { $0.path == path }) }
            let answer = try await send("POST", "configuration_endpoint", wanted(delivery, events: events))
            try trial.require(StreamConditions.isCreated, answer)
            let stream = EventStream(receiver: self, answer: answer)
            trial.check(StreamConditions.shared, stream)
            do { try await body(stream) } catch {
                try? await deleteStreams()
                throw error
            }
            try await deleteStreams()
        }
    }

    func deleteStreams() async throws {
        let list = try await send("GET", "configuration_endpoint")
        for stream in list.json?.array ?? [] {
            let id = Parameter("stream_id", stream["stream_id"]?.string ?? "")
            _ = try await send("DELETE", "configuration_endpoint", query: [id])
        }
    }
}

/// A stream of security events, as its receiver uses it.
struct EventStream: Sendable {
    let receiver: EventReceiver
    let answer: WebAnswer

    subscript(name: String) -> JSON? { answer.json?[name] }
    var id: String { self["stream_id"]?.string ?? "" }
    var trial: Trial { receiver.trial }

    /// Asks for a verification event, and returns its `state`.
    func verify() async throws -> String {
        let state = String.random()
        let answer = try await receiver.send(
            "POST", "verification_endpoint", ["stream_id": .string(id), "state": .string(state)])
        trial.check(StreamConditions.isAccepted, answer)
        return state
    }

    func set(status: String) async throws {
        let answer = try await receiver.send(
            "POST", "status_endpoint", ["stream_id": .string(id), "status": .string(status)])
        trial.check(StreamConditions.hasStatus(status), answer)
    }

    func poll(_ body: JSON = ["returnImmediately": true]) async throws -> WebAnswer {
        let address = WebAddress(self["delivery"]?["endpoint_url"]?.string ?? "")
        return try await receiver.send("POST", address, body)
    }

    /// Polls until an event that `isWanted` picks arrives, and acknowledges all that come before it.
    func polled(where isWanted: @escaping @Sendable (JWS) -> Bool) async throws -> SecurityEventEvidence {
        let deadline = ContinuousClock.now + .seconds(30)
        var acknowledged: [JSON] = []
        while ContinuousClock.now < deadline {
            let answer = try await poll(["returnImmediately": true, "ack": .array(acknowledged)])
            trial.check(PollConditions.shared, answer)
            let sets = answer.json?["sets"]?.object ?? [:]
            for (name, value) in sets {
                guard let text = value.string, let token = try? JWS(text), isWanted(token) else { continue }
                return try await evidence(text, name: name)
            }
            acknowledged = sets.keys.map(JSON.string)
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Misbehaviour("the event was not in the responses to polls for 30 s")
    }

    /// Waits for pushes of an event that `isWanted` picks.
    func pushed(
        _ count: Int = 1, where isWanted: @escaping @Sendable (JWS) -> Bool
    ) async throws -> [SecurityEventEvidence] {
        let path = receiver.path
        let received = try await trial.receive(count) { request in
            request.path == path && (try? JWS(request.body)).map(isWanted) == true
        }
        for request in received {
            trial.check(PushConditions.shared(authorization: receiver.secret), request)
        }
        var all: [SecurityEventEvidence] = []
        for request in received { all.append(try await evidence(request.body, name: nil)) }
        return all
    }

    private func evidence(_ text: String, name: String?) async throws -> SecurityEventEvidence {
        guard let token = try? JWS(text) else { throw Misbehaviour("an event is no JWT") }
        let evidence = SecurityEventEvidence(
            token: token, name: name, issuer: trial.target.issuer, audience: self["aud"],
            keys: try await receiver.metadata.keys(trial), now: trial.now)
        trial.check(SecurityEventConditions.shared, evidence)
        return evidence
    }
}

/// The transmitter's metadata (OpenID SSF §7).
struct TransmitterMetadata: Sendable {
    let answer: WebAnswer

    init(answer: WebAnswer) { self.answer = answer }

    /// Throws `Skip` if there is none.
    init(_ trial: Trial) async throws {
        let issuer = WebAddress(trial.target.issuer)
        let path = issuer.path == "/" ? "" : issuer.path
        answer = try await trial.send(
            WebRequest("GET", WebAddress("\(issuer.origin)/.well-known/ssf-configuration\(path)")))
        guard answer.status != 404 else { throw Skip(reason: "there is no /.well-known/ssf-configuration") }
    }

    subscript(name: String) -> JSON? { answer.json?[name] }

    func endpoint(_ name: String) throws(Misbehaviour) -> WebAddress {
        guard let text = self[name]?.string else { throw Misbehaviour("the transmitter's metadata has no \(name)") }
        return WebAddress(text)
    }

    func keys(_ trial: Trial) async throws -> [JWK] {
        KeySetConditions.keys(try await trial.send(WebRequest("GET", try endpoint("jwks_uri"))))
    }
}

/// The event types of OpenID SSF, CAEP and RISC that modules use.
enum SecurityEvents {
    static let sessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
    static let credentialChange = "https://schemas.openid.net/secevent/caep/event-type/credential-change"
    static let accountDisabled = "https://schemas.openid.net/secevent/risc/event-type/account-disabled"
    static let verification = "https://schemas.openid.net/secevent/ssf/event-type/verification"
    static let all = [sessionRevoked, credentialChange, accountDisabled]
    /// Events that no other module causes at the same time.
    static let quiet = [credentialChange, accountDisabled]
}

extension JWS {
    /// The claims of the event of this type (RFC 8417 §2.2).
    func event(_ type: String) -> JSON? { claims["events"]?[type] }

    /// Whether it is the verification event with `state`.
    func verifies(_ state: String) -> Bool { event(SecurityEvents.verification)?["state"]?.string == state }

    /// Whether it says that the session of `signedIn` was revoked.
    func revokes(_ signedIn: SignedIn) -> Bool {
        guard event(SecurityEvents.sessionRevoked) != nil else { return false }
        let subject = claims["sub_id"]
        let session = subject?["session"]?["id"]?.string ?? subject?["id"]?.string
        return session == signedIn.session
    }
}
