import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("OpenID SSF §8.1.1: stream configuration")
struct StreamConfigurationTests {
    @Test("SSF-012 SSF-017 SSF-025: creating a stream gives it an identifier, and a second one is refused with 409")
    func create() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let body = """
            {"delivery": {"method": "\(SignalTests.push)", "endpoint_url": "\(SignalTests.endpoint)",
             "authorization_header": "Bearer at-the-receiver"}, "description": "Tests",
             "events_requested": ["\(SignalTests.caep)session-revoked", "https://unknown.example/event"]}
            """
        let response = try await issuer.signals(.post, "/ssf/streams", body)
        #expect(response.status == .created)
        let stream = try response.json()
        #expect(stream["iss"] == "https://id.example.com")
        #expect(stream["aud"] == "siem")
        #expect(stream["description"] == "Tests")
        #expect(
            stream["delivery"] == ["method": .string(SignalTests.push), "endpoint_url": .string(SignalTests.endpoint)])
        let id = try #require(stream["stream_id"]?.string)
        #expect(try await issuer.signals(.post, "/ssf/streams", "{}").status == .conflict)
        // Another receiver has streams, identifiers and endpoints of its own.
        let other = try await issuer.signals(.post, "/ssf/streams", "{}", as: "app").json()
        #expect(other["stream_id"] != .string(id))
        #expect(other["aud"] == "https://app.example/")
    }

    @Test("of concurrent requests, one creates the stream", arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer.withReceivers(database: TestDatabase(engine))
        let token = try await issuer.receiverToken()
        let answers = try await TestSupport.race(8) { _ in
            try await issuer.signals(.post, "/ssf/streams", "{}", token: token).status
        }
        #expect(answers.filter { $0 == .created }.count == 1)
        #expect(answers.filter { $0 == .conflict }.count == 7)
        #expect(try await issuer.stores.eventStreams.all().count == 1)
    }

    @Test("SSF-018: a stream without delivery is polled at an endpoint of its own")
    func poll() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let stream = try await issuer.signals(.post, "/ssf/streams", "{}").json()
        let id = try #require(stream["stream_id"]?.string)
        #expect(
            stream["delivery"] == [
                "method": .string(SignalTests.poll), "endpoint_url": .string("https://id.example.com/ssf/poll/\(id)"),
            ])
    }

    @Test("SSF-019: reading lists the receiver's streams, or returns the one that is named")
    func read() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let empty = try await issuer.signals(.get, "/ssf/streams", scope: "ssf.read")
        guard case .bytes(let bytes) = empty.body else { throw Unexpected("a page") }
        #expect(String(decoding: bytes, as: UTF8.self) == "[]")
        let id = try await issuer.stream()
        let list = try await issuer.signals(.get, "/ssf/streams", scope: "ssf.read")
        guard case .bytes(let more) = list.body else { throw Unexpected("a page") }
        #expect(try JSON(parsing: more).array?.compactMap { $0.object?["stream_id"]?.string } == [id])
        let one = try await issuer.signals(.get, "/ssf/streams", query: "stream_id=\(id)", scope: "ssf.read")
        #expect(try one.json()["stream_id"] == .string(id))
        #expect(try await issuer.signals(.get, "/ssf/streams", query: "stream_id=none").status == .notFound)
    }

    @Test("SSF-020: only events that are both supported and requested are delivered")
    func delivered() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let types = #"["\#(SignalTests.caep)session-revoked", "https://unknown.example/event"]"#
        let stream = try await issuer.signals(.post, "/ssf/streams", #"{"events_requested": \#(types)}"#).json()
        #expect(stream["events_delivered"] == [.string("\(SignalTests.caep)session-revoked")])
        #expect(stream["events_requested"]?.array?.count == 2)
        let id = try #require(stream["stream_id"]?.string)
        try await issuer.changePassword()
        #expect(try await issuer.polled(id).isEmpty)
    }

    @Test("SSF-021: PATCH changes the members present, PUT removes those that are missing")
    func update() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let more = #", "description": "First", "events_requested": ["\#(SignalTests.caep)session-revoked"]"#
        let id = try await issuer.stream(to: SignalTests.endpoint, more)
        let patched = try await issuer.signals(
            .patch, "/ssf/streams", #"{"stream_id": "\#(id)", "description": "Second"}"#
        ).json()
        #expect(patched["description"] == "Second")
        #expect(patched["events_requested"]?.array?.count == 1)
        #expect(patched["delivery"]?.object?["endpoint_url"] == .string(SignalTests.endpoint))
        // What the transmitter supplied may come back unchanged.
        var whole = patched
        whole["description"] = "Third"
        let same = try await issuer.signals(
            .patch, "/ssf/streams", String(decoding: whole.serialized(), as: UTF8.self))
        #expect(try same.json()["description"] == "Third")
        let put = try await issuer.signals(.put, "/ssf/streams", #"{"stream_id": "\#(id)"}"#).json()
        #expect(put["description"] == nil)
        #expect(put["events_requested"] == nil)
        #expect(put["delivery"]?.object?["method"] == .string(SignalTests.poll))
    }

    @Test(
        "SSF-021: a wrong value for what the transmitter supplies gives 400",
        arguments: [
            #""iss": "https://other.example""#, #""aud": "other""#, #""events_supported": []"#,
            #""events_delivered": ["https://unknown.example/event"]"#, #""min_verification_interval": 1"#,
            #""delivery": {"method": "urn:ietf:rfc:8936", "endpoint_url": "https://id.example.com/ssf/poll/other"}"#,
        ])
    func transmitterSupplied(_ member: String) async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        for method in [HTTPRequest.Method.patch, .put] {
            let response = try await issuer.signals(method, "/ssf/streams", #"{"stream_id": "\#(id)", \#(member)}"#)
            #expect(response.status == .badRequest)
        }
    }

    @Test("a deleted stream is gone with its events, and the receiver may create another")
    func delete() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.changePassword()
        #expect(try await issuer.waiting(id).count == 1)
        #expect(try await issuer.signals(.delete, "/ssf/streams", query: "stream_id=\(id)").status == .noContent)
        #expect(try await issuer.waiting(id).isEmpty)
        #expect(try await issuer.signals(.delete, "/ssf/streams", query: "stream_id=\(id)").status == .notFound)
        #expect(try await issuer.stream() != id)
    }

    @Test("SSF-016: no receiver sees or changes another's stream, and nobody else has access")
    func strangers() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        let body = #"{"stream_id": "\#(id)", "status": "disabled", "subject": {"format": "iss_sub"}}"#
        for (method, path) in [
            (HTTPRequest.Method.patch, "/ssf/streams"), (.put, "/ssf/streams"), (.post, "/ssf/status"),
            (.post, "/ssf/subjects/add"), (.post, "/ssf/subjects/remove"), (.post, "/ssf/verification"),
            (.post, "/ssf/poll/\(id)"),
        ] {
            #expect(try await issuer.signals(method, path, body, as: "app").status == .notFound)
        }
        for (method, path) in [
            (HTTPRequest.Method.get, "/ssf/streams"), (.delete, "/ssf/streams"), (.get, "/ssf/status"),
        ] {
            let response = try await issuer.signals(method, path, query: "stream_id=\(id)", as: "app")
            #expect(response.status == .notFound)
        }
        #expect(try await issuer.stores.eventStreams.all().map(\.status) == [.enabled])
    }

    @Test("SSF-022 RFC8936-009 CAEP-016: a token with the scope is required")
    func authorization() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let missing = try await issuer.call(.get, "/ssf/streams")
        #expect(missing.status == .unauthorized)
        #expect(missing.headers[values: .wwwAuthenticate].contains { $0.hasPrefix("Bearer") })
        let reading = try await issuer.receiverToken(scope: "ssf.read")
        let refused = try await issuer.signals(.post, "/ssf/streams", "{}", token: reading)
        #expect(refused.status == .forbidden)
        #expect(refused.headers[.wwwAuthenticate]?.contains(#"scope="ssf.manage""#) == true)
        #expect(try await issuer.signals(.get, "/ssf/streams", token: reading).status == .ok)
        #expect(try await issuer.signals(.get, "/ssf/streams", token: "made-up").status == .unauthorized)
    }

    @Test("a client that is not registered as a receiver gets neither the scope nor access")
    func notRegistered() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let grant = [("grant_type", "client_credentials"), ("scope", "ssf.manage")]
        #expect(try await issuer.token(grant).json()["error"] == "invalid_scope")
        // Nor through a user.
        let code = try await Browser(issuer).code(scope: "openid ssf.manage")
        let token = try await issuer.redeem(code).json()
        #expect(token["scope"]?.string?.contains("ssf.manage") != true)
        let used = try await issuer.signals(.get, "/ssf/streams", token: token["access_token"]?.string ?? "")
        #expect(used.status == .forbidden)
        // A receiver that no longer is one loses access at once.
        let receiver = try await issuer.receiverToken()
        var metadata = try #require(try await issuer.core.clients.find(Identifier(rawValue: "siem"))).metadata
        metadata["event_receiver"] = nil
        try await issuer.core.clients.save(Client(metadata))
        #expect(try await issuer.signals(.get, "/ssf/streams", token: receiver).status == .forbidden)
    }

    @Test("no token for an API also manages streams, so that the API can't")
    func otherScopes() async throws {
        let issuer = try await TestIssuer.withReceivers()
        for more in [[], [("resource", "https://api.example.com")]] {
            let grant = [("grant_type", "client_credentials"), ("scope", "ssf.manage orders.read")]
            #expect(try await issuer.token(grant + more, client: "app").json()["error"] == "invalid_scope")
        }
        let standard = try await issuer.token([("grant_type", "client_credentials")], client: "app").json()
        #expect(standard["scope"] == "orders.read")
        #expect(try JWTClaims.of(standard["access_token"]?.string).audience == ["https://api.example.com"])
        let own = try JWTClaims.of(try await issuer.receiverToken("app", scope: "ssf.manage"))
        #expect(own.audience == ["https://id.example.com"])
    }

    @Test(
        "endpoint_url must be a plain https URL",
        arguments: [
            "http://receiver.example/", "https://user@receiver.example/", "https://user:pass@receiver.example/",
            "https://receiver.example/#fragment", "https://", "https:///events", "ftp://receiver.example/",
            "https://receiver.example/\\r\\nHost: other", "https://receiver.example/ events", "javascript:alert(1)",
            "http://localhost:80/", "file:///etc/passwd", "", "https://b\\u00fccher.example/",
        ])
    func endpoints(_ url: String) async throws {
        let issuer = try await TestIssuer.withReceivers()
        let body = #"{"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "\#(url)"}}"#
        #expect(try await issuer.signals(.post, "/ssf/streams", body).status == .badRequest)
        #expect(try await issuer.stores.eventStreams.all().isEmpty)
    }

    @Test("a receiver in the operator's own network may use http on the same machine")
    func localEndpoint() async throws {
        let issuer = try await TestIssuer.withReceivers()
        _ = try await issuer.stream("lan", to: "http://127.0.0.1:8080/events")
        let body = #"{"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "http://10.0.0.1:80/"}}"#
        let id = try await issuer.stores.eventStreams.all()[0].id
        _ = try await issuer.signals(.delete, "/ssf/streams", query: "stream_id=\(id)", as: "lan")
        #expect(try await issuer.signals(.post, "/ssf/streams", body, as: "lan").status == .badRequest)
    }

    @Test(
        "authorization_header can't inject header fields",
        arguments: [#"Bearer a\r\nX-Other: b"#, #"a\nb"#, #"a\u0000"#, #"\u00e9"#, "", " a", #"a\t"#])
    func headerInjection(_ field: String) async throws {
        let issuer = try await TestIssuer.withReceivers()
        let body = """
            {"delivery": {"method": "\(SignalTests.push)", "endpoint_url": "\(SignalTests.endpoint)",
             "authorization_header": "\(field)"}}
            """
        #expect(try await issuer.signals(.post, "/ssf/streams", body).status == .badRequest)
    }

    @Test(
        "malformed and enormous requests are refused",
        arguments: [
            "", "[]", "null", "{", #"{"delivery": 1}"#, #"{"delivery": {"method": "carrier pigeon"}}"#,
            #"{"delivery": {"method": "urn:ietf:rfc:8935"}}"#, #"{"delivery": {}}"#, #"{"events_requested": "all"}"#,
            #"{"events_requested": [1]}"#, #"{"description": 1}"#, #"{"a": 1, "a": 2}"#,
            #"{"description": "\#(String(repeating: "a", count: 1_025))"}"#,
            #"{"events_requested": [\#(Array(repeating: #""https://a.example""#, count: 101).joined(separator: ","))]}"#,
            String(repeating: #"{"a":"#, count: 60) + "1" + String(repeating: "}", count: 60),
        ])
    func malformed(_ body: String) async throws {
        let issuer = try await TestIssuer.withReceivers()
        #expect(try await issuer.signals(.post, "/ssf/streams", body).status == .badRequest)
        #expect(try await issuer.stores.eventStreams.all().isEmpty)
    }

    @Test("a body of another media type is refused")
    func mediaType() async throws {
        let issuer = try await TestIssuer.withReceivers()
        for type in ["application/x-www-form-urlencoded", "text/plain", nil] {
            #expect(try await issuer.signals(.post, "/ssf/streams", "{}", type: type).status == .unsupportedMediaType)
        }
    }

    @Test("a receiver that asks too often is told to wait, and others are not")
    func rateLimit() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let token = try await issuer.receiverToken()
        var last = HTTPResponse.Status.ok
        for _ in 0...120 { last = try await issuer.signals(.get, "/ssf/streams", token: token).status }
        #expect(last == .tooManyRequests)
        #expect(try await issuer.signals(.get, "/ssf/streams", as: "app").status == .ok)
    }

    @Test("changes of a stream are recorded")
    func recorded() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let id = try await issuer.stream()
        try await issuer.set("paused", of: id)
        _ = try await issuer.signals(.delete, "/ssf/streams", query: "stream_id=\(id)")
        let records = try await issuer.recorded().filter { $0.details["kind"] == "event stream" }
        #expect(records.map { $0.details["action"] } == ["create", "update", "delete"])
        #expect(records.allSatisfy { $0.details["name"] == .string(id) && $0.client == "siem" })
    }

    @Test(
        "a client is a receiver only if it acts for itself, with a scope",
        arguments: [
            (#"{"grant_types": []}"#, "event_receiver"),
            (#"{"scope": "orders.read"}"#, "event_receiver"),
            (#"{"event_receiver": {"subjects": "some"}}"#, "event_receiver.subjects"),
            (#"{"event_receiver": {"subject": "all"}}"#, "event_receiver.subject"),
            (#"{"event_receiver": {"audience": "two words"}}"#, "event_receiver.audience"),
            (#"{"event_receiver": {"signed_response_alg": "none"}}"#, "event_receiver.signed_response_alg"),
        ])
    func registration(_ change: String, _ member: String) throws {
        var metadata: JSONObject = [
            "client_id": "siem", "grant_types": ["client_credentials"], "scope": "ssf.read", "event_receiver": [:],
        ]
        #expect(throws: Never.self) { try Client(metadata) }
        metadata.merge(try JSONObject(parsing: Array(change.utf8)))
        let error = #expect(throws: InvalidDocument.self) { try Client(metadata) }
        #expect(error?.problems.map(\.member) == [member])
    }
}
