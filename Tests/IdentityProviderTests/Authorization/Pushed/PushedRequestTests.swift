import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9126: pushed authorization requests")
struct PushedRequestTests {
    private let client: SigningClient
    private let other: SigningClient

    init() throws {
        client = try SigningClient()
        other = try SigningClient("other")
    }

    private func issuer(
        _ engine: TestEngine = .sqlite, _ registration: JSONObject = [:],
        configure: (inout Settings) -> Void = { _ in }
    ) async throws -> TestIssuer {
        try await TestIssuer(
            resources: TestIssuer.resources(adding: client.registration(registration), other.registration()),
            database: TestDatabase(engine), configure: configure)
    }

    private func code(_ error: Response) throws -> JSON? { try error.json()["error"] }

    @Test(
        "RFC9126-001 RFC9126-005 RFC9126-010 FAPI2-SP-019 FAPI2-SP-024: a request pushed by an authenticated client gets a 201, and leads to tokens"
    )
    func wholeFlow() async throws {
        let issuer = try await issuer()
        let response = try await client.push(at: issuer)
        #expect(response.status == .created)
        #expect(response.headers[.cacheControl] == "no-store")
        let body = try response.json()
        #expect(body["expires_in"] == 60)
        let uri = try #require(body["request_uri"]?.string)
        let answer = try await Browser(issuer).authorize([("client_id", "bank"), ("request_uri", uri)]).answer()
        #expect(answer["state"] == "the-state")
        #expect(answer["iss"] == "https://id.example.com")
        let tokens = try await client.redeem(answer.required("code"), at: issuer)
        #expect(tokens.status == .ok)
        #expect(try JWTClaims.of(tokens.json()["id_token"]?.string)["nonce"] == "the-nonce")
    }

    @Test("FAPI2-SP-029: the lifetime of a request_uri is below ten minutes, whatever the operator sets")
    func lifetime() async throws {
        let issuer = try await issuer { $0.lifetimes.pushedRequest = 599 }
        #expect(try await client.push(at: issuer).json()["expires_in"] == 599)
    }

    @Test("RFC9126-004 FAPI2-SP-021: without client authentication, or with a wrong one, nothing is stored")
    func unauthenticated() async throws {
        let issuer = try await issuer()
        let form = client.request().parameters
        #expect(try await issuer.send(.post, "/par", form: form).status == .unauthorized)
        let forged = try await SigningClient("bank").credentials(for: issuer)
        let refused = try await issuer.send(.post, "/par", form: form + forged)
        #expect(refused.status == .unauthorized)
        #expect(try code(refused) == "invalid_client")
        let mixed = try await issuer.send(
            .post, "/par", form: other.request().parameters + client.credentials(for: issuer))
        #expect(try code(mixed) == "invalid_client")
        #expect(try await count(issuer) == 0)
    }

    /// The number of stored requests.
    private func count(_ issuer: TestIssuer) async throws -> Int {
        try await issuer.database.database.read { connection in
            try connection.query("SELECT COUNT(*) FROM pushed_requests", [])[0].integer(0)
        }
    }

    @Test(
        "RFC9126-004 RFC9126-014 FAPI2-SP-018 FAPI2-SP-022 FAPI2-SP-023: the request is checked as at the authorization endpoint",
        arguments: [
            (["response_type": .null], "invalid_request"), (["response_type": "token"], "unsupported_response_type"),
            (["response_type": "code id_token"], "unsupported_response_type"),
            (["redirect_uri": .null], "invalid_request"),
            (["redirect_uri": "https://bank.example/callback/"], "invalid_request"),
            (["scope": "openid unknown"], nil), (["code_challenge_method": "plain"], "invalid_request"),
            (["code_challenge": .null, "nonce": .null], "invalid_request"),
            (["prompt": "none login"], "invalid_request"), (["max_age": "soon"], "invalid_request"),
            (["response_mode": "web_message"], "invalid_request"), (["dpop_jkt": "short"], "invalid_request"),
            (["claims": "{"], "invalid_request"), (["id_token_hint": "forged"], "invalid_request"),
            (["resource": "https://unknown.example"], "invalid_target"),
            (["registration": "{}"], "registration_not_supported"),
        ] as [(JSONObject, JSON?)])
    func checked(_ changes: JSONObject, _ error: JSON?) async throws {
        let issuer = try await issuer()
        let response = try await client.push(client.request(changes).parameters, at: issuer)
        #expect(response.status == (error == nil ? .created : .badRequest))
        #expect(try code(response) == error)
        #expect(response.headers[.location] == nil)
        #expect(try await count(issuer) == (error == nil ? 1 : 0))
    }

    @Test(
        "RFC9126-002 FAPI2-SP-011: the audience of the client's assertion is the issuer, or an endpoint if it registers that",
        arguments: [nil, "token_endpoint"])
    func audience(_ setting: String?) async throws {
        let issuer = try await issuer(.sqlite, setting.map { ["token_endpoint_auth_audience": .string($0)] } ?? [:])
        for (audience, isGood): (JSON, Bool) in [
            ("https://id.example.com", true), ("https://id.example.com/token", setting != nil),
            ("https://id.example.com/par", setting != nil), ("https://id.example.com/authorize", false),
            (["https://id.example.com"], false), (["https://id.example.com", "https://other.example"], false),
        ] {
            let credentials = try await client.credentials(["aud": audience], for: issuer)
            let response = try await issuer.send(.post, "/par", form: client.request().parameters + credentials)
            #expect((response.status == .created) == isGood, "\(audience)")
            if !isGood { #expect(try code(response) == "invalid_client") }
        }
    }

    @Test("FAPI2-SP-031: long values come back unchanged")
    func longValues() async throws {
        let issuer = try await issuer()
        for length in [64, 384] {
            let (nonce, state) = (String(repeating: "n", count: length), String(repeating: "s", count: 1_000))
            let parameters = try await client.pushed(["nonce": .string(nonce), "state": .string(state)], at: issuer)
            let answer = try await Browser(issuer).authorize(parameters).answer()
            #expect(answer["state"] == state)
            let tokens = try await client.redeem(answer.required("code"), at: issuer).json()
            #expect(try JWTClaims.of(tokens["id_token"]?.string)["nonce"]?.string == nonce)
        }
    }

    @Test("RFC9126-003: a pushed request can't refer to another one")
    func requestURI() async throws {
        let issuer = try await issuer()
        for uri in [try await client.pushed(at: issuer)[1].1, "https://bank.example/object"] {
            let response = try await client.push(client.request().parameters + [("request_uri", uri)], at: issuer)
            #expect(response.status == .badRequest)
            #expect(try code(response) == "invalid_request")
        }
    }

    @Test("RFC9126-006 FAPI2-SP-042: request_uris have 256 random bits and are stored only as a digest")
    func unguessable() async throws {
        let issuer = try await issuer()
        var uris: Set<String> = []
        for _ in 0..<20 { uris.insert(try await client.pushed(at: issuer)[1].1) }
        #expect(uris.count == 20)
        for uri in uris {
            let secret = try #require(uri.split(separator: ":").last.map(String.init))
            #expect(try Base64URL.decode(secret).count == 32)
            #expect(try await issuer.stores.pushedRequests.find(secret) == nil)
        }
    }

    /// The error of the page that the user sees, since no redirect URI can be trusted.
    private func refusal(_ issuer: TestIssuer, _ parameters: [(String, String)]) async throws -> Response {
        let response = try await Browser(issuer).get("/authorize", parameters)
        #expect(response.headers[.location] == nil)
        #expect(try response.page().template == "error")
        return response
    }

    @Test("RFC9126-006 RFC9126-010: a request_uri of another client, of another issuer, or that never was, is a page")
    func foreign() async throws {
        let issuer = try await issuer()
        let uri = try await client.pushed(at: issuer)[1].1
        #expect(try await refusal(issuer, [("client_id", "other"), ("request_uri", uri)]).status == .badRequest)
        #expect(try await refusal(issuer, [("request_uri", uri)]).status == .badRequest)
        _ = try await refusal(issuer, [("client_id", "bank"), ("request_uri", uri + "A")])
        _ = try await refusal(issuer, [("client_id", "bank"), ("request_uri", "urn:ietf:params:oauth:request_uri:")])
        _ = try await refusal(issuer, [("client_id", "bank"), ("request_uri", uri), ("request", "a.b.")])
        let second = try await TestIssuer(
            "https://second.example.com", resources: TestIssuer.resources(adding: client.registration()),
            clock: issuer.clock, database: issuer.database)
        _ = try await refusal(second, [("client_id", "bank"), ("request_uri", uri)])
        #expect(
            try await Browser(issuer).get("/authorize", [("client_id", "bank"), ("request_uri", uri)]).status == .ok)
    }

    @Test("RFC9126-010: an expired request_uri is refused, but a sign-in that began in time may go on")
    func expired() async throws {
        let issuer = try await issuer()
        let parameters = try await client.pushed(at: issuer)
        let browser = Browser(issuer)
        issuer.clock.advance(by: 59)
        let page = try await browser.get("/authorize", parameters).page()
        #expect(page.template == "sign-in")
        issuer.clock.advance(by: 1)
        _ = try await refusal(issuer, parameters)
        issuer.clock.advance(by: 1_700)
        while try await issuer.stores.upkeep.removeExpired(before: issuer.clock.now, limit: 100) > 0 {}
        let response = try await browser.submit(page, [("username", "alice"), ("password", "correct horse")])
        #expect(try response.answer()["code"] != nil)
    }

    @Test("RFC9126-011 FAPI2-SP-032: loading the page again does no harm; the request is used up by its answer")
    func singleUse() async throws {
        let issuer = try await issuer()
        let parameters = try await client.pushed(at: issuer)
        let browser = Browser(issuer)
        for _ in 0..<3 { #expect(try await browser.get("/authorize", parameters).page().template == "sign-in") }
        let answer = try await browser.authorize(parameters).answer()
        #expect(answer["code"] != nil)
        _ = try await refusal(issuer, parameters)
        #expect(try await browser.get("/authorize", parameters).page().template == "error")
    }

    @Test("RFC9126-011: of many tasks that finish the same request, one gets a code", arguments: TestEngine.allCases)
    func race(_ engine: TestEngine) async throws {
        let issuer = try await issuer(engine)
        let browser = Browser(issuer)
        // The user is signed in, so that each request to the endpoint completes.
        _ = try await browser.authorize(client.pushed(at: issuer)).answer().required("code")
        let parameters = try await client.pushed(at: issuer)
        let answers = try await TestSupport.race(12) { _ in try await browser.get("/authorize", parameters) }
        let codes = try answers.filter { $0.headers[.location] != nil }.map { try $0.answer()["code"] }
        #expect(codes.count { $0 != nil } == 1)
        for answer in answers where answer.headers[.location] != nil {
            #expect(try [nil, "invalid_request_uri"].contains(answer.answer()["error"]))
        }
    }

    @Test("RFC9126-010: parameters next to request_uri are ignored")
    func others() async throws {
        let issuer = try await issuer()
        let more = [
            ("state", "other"), ("redirect_uri", "https://evil.example/"), ("scope", "openid profile"),
            ("response_type", "token"), ("nonce", "other"), ("response_mode", "fragment"),
        ]
        let answer = try await Browser(issuer).authorize(client.pushed(at: issuer) + more).answer()
        #expect(answer["state"] == "the-state")
        let tokens = try await client.redeem(answer.required("code"), at: issuer).json()
        #expect(try JWTClaims.of(tokens["id_token"]?.string)["nonce"] == "the-nonce")
        #expect(tokens["scope"] == "openid")
    }

    @Test("RFC9126-013 FAPI2-SP-020: a client that must push can't send its request otherwise")
    func requiredOfClient() async throws {
        let issuer = try await issuer(.sqlite, ["require_pushed_authorization_requests": true])
        _ = try await refusal(issuer, client.request().parameters)
        let object = try await client.object(for: issuer)
        _ = try await refusal(issuer, [("client_id", "bank"), ("request", object)])
        #expect(try await Browser(issuer).authorize(client.pushed(at: issuer)).answer()["code"] != nil)
        #expect(try await Browser(issuer).authorize(other.request().parameters).answer()["code"] != nil)
    }

    @Test("RFC9126-012: the metadata name the endpoint, and an issuer that demands pushed requests gets no others")
    func required() async throws {
        let path = "/.well-known/openid-configuration"
        let metadata = try await issuer().send(.get, path).json()
        #expect(metadata["pushed_authorization_request_endpoint"] == "https://id.example.com/par")
        #expect(metadata["require_pushed_authorization_requests"] == false)
        let strict = try await issuer { $0.requiresPushedRequests = true }
        #expect(try await strict.send(.get, path).json()["require_pushed_authorization_requests"] == true)
        _ = try await refusal(strict, other.request().parameters)
        #expect(try await Browser(strict).authorize(other.pushed(at: strict)).answer()["code"] != nil)
    }

    @Test("a public client may push, too, but not as often as it likes")
    func publicClient() async throws {
        let issuer = try await issuer()
        let proof = Proof()
        let form =
            [
                ("response_type", "code"), ("client_id", "spa"), ("redirect_uri", "https://spa.example/"),
                ("scope", "openid"),
            ] + proof.parameters
        let first = try await issuer.send(.post, "/par", form: form)
        let uri = try #require(try first.json()["request_uri"]?.string)
        let answer = try await Browser(issuer).authorize([("client_id", "spa"), ("request_uri", uri)]).answer()
        #expect(answer["code"] != nil)
        for _ in 1..<60 { #expect(try await issuer.send(.post, "/par", form: form).status == .created) }
        let late = try await issuer.send(.post, "/par", form: form)
        #expect(late.status == .tooManyRequests)
        #expect(late.headers[.retryAfter] == "1")
        #expect(try await issuer.send(.post, "/par", form: form, from: "192.0.2.1").status == .created)
        #expect(try await client.push(at: issuer).status == .created)
    }

    @Test("RFC9126-007: a request that does not fit into the URLs of pages is too large")
    func tooLarge() async throws {
        let issuer = try await issuer()
        let large = try await client.push(
            client.request(["state": .string(String(repeating: "s", count: 8_000))]).parameters, at: issuer)
        #expect(large.status == .contentTooLarge)
        #expect(try code(large) == "invalid_request")
        let parameters = try await client.pushed(["state": .string(String(repeating: "s", count: 6_000))], at: issuer)
        #expect(try await Browser(issuer).authorize(parameters).answer()["state"]?.count == 6_000)
    }

    @Test("a client that was disabled or changed its redirect URIs meanwhile gets nothing", arguments: [true, false])
    func changedClient(isDisabled: Bool) async throws {
        let issuer = try await issuer()
        let parameters = try await client.pushed(at: issuer)
        let changes: JSONObject =
            isDisabled ? ["disabled": true] : ["redirect_uris": ["https://bank.example/elsewhere"]]
        try await issuer.stores.clients.save(Client(client.registration(changes)))
        // The cached client has expired.
        issuer.clock.advance(by: 31)
        _ = try await refusal(issuer, parameters)
    }

    @Test("a request still works after the data keys were rotated")
    func dataKeys() async throws {
        let issuer = try await issuer { $0.lifetimes.pushedRequest = 599 }
        let parameters = try await client.pushed(at: issuer)
        let rotation = DataKeyRotation(vault: issuer.vault, audit: issuer.audit)
        for keyClass in DataKeyClass.allCases { _ = try await rotation.add(keyClass) }
        issuer.clock.advance(by: DataKeyPlan.lead)
        #expect(try await Browser(issuer).authorize(parameters).answer()["code"] != nil)
    }

    @Test("whoever can write to the database can neither change a request nor move it to another request_uri")
    func forgedRow() async throws {
        let issuer = try await issuer()
        let (first, second) = (
            try await client.pushed(at: issuer), try await client.pushed(["state": "second"], at: issuer)
        )
        let database = issuer.database.database
        // Of two rows, the first one gets the other's content.
        let moved = try await database.execute(
            .latest,
            """
            UPDATE pushed_requests SET sealed_request =
                (SELECT p.sealed_request FROM pushed_requests AS p WHERE p.id > pushed_requests.id)
            WHERE id = (SELECT MIN(id) FROM pushed_requests)
            """, [])
        #expect(moved == 1)
        var refused = 0
        for parameters in [first, second] {
            let response = try await Browser(issuer).authorize(parameters)
            if response.headers[.location] == nil { refused += 1 }
        }
        #expect(refused == 1)
        let third = try await client.pushed(at: issuer)
        _ = try await database.execute(
            .latest, "UPDATE pushed_requests SET expires_at = expires_at + 1000000000", [])
        issuer.clock.advance(by: 60)
        _ = try await refusal(issuer, third)
    }

    @Test("a lost sign-in starts over only as long as its request waits", arguments: [true, false])
    func restarted(isWaiting: Bool) async throws {
        let issuer = try await issuer()
        let page = try await Browser(issuer).get("/authorize", client.pushed(at: issuer)).page()
        if !isWaiting {
            issuer.clock.advance(by: 1_861)
            while try await issuer.stores.upkeep.removeExpired(before: issuer.clock.now, limit: 100) > 0 {}
        }
        // In another browser.
        let lost = try await Browser(issuer).get("/sign-in", [("interaction", page.text("interaction"))])
        #expect(lost.status == .gone)
        guard case .object(let next)? = try lost.page().data["next"], case .text(let uri)? = next["uri"] else {
            return #expect(!isWaiting)
        }
        #expect(isWaiting)
        let browser = Browser(issuer)
        var response = try await browser.follow(.redirect(to: uri))
        #expect(try response.page().template == "sign-in")
        response = try await browser.submit(
            response.page(), [("username", "alice"), ("password", "correct horse")])
        #expect(try response.answer()["code"] != nil)
    }
}
