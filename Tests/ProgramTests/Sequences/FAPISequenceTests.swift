import Crypto
import Foundation
import JOSE
import TestSupport
import Testing

/// A program with one user, and a bank's application with two keys: one to authenticate, one for DPoP.
private struct BankVisit {
    let server: RunningServer
    private let browser: WebClient
    private let application: WebClient
    private let key: PrivateKey
    private let proofKey: PrivateKey
    /// Kept alive, because the log is removed with it.
    private let folder: Folder
    private static let verifier = String(repeating: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g", count: 2)
    private static let callback = "https://bank.example/callback"

    init() async throws {
        folder = try Folder()
        key = try PrivateKey.generate(for: .es256)
        proofKey = try PrivateKey.generate(for: .es256)
        let keys = String(decoding: JWKSet(keys: [key.publicKey()]).object.serialized(), as: UTF8.self)
        try folder.write(
            "resources.yaml",
            """
            clients:
              - client_id: bank
                profile: fapi2
                token_endpoint_auth_method: private_key_jwt
                jwks: \(keys)
                redirect_uris: [\(Self.callback)]
                scope: openid profile
            users:
              - username: alice
                password: down-the-rabbit-hole
                name: Alice Liddell
            """)
        server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url)
        browser = WebClient(origin: server.issuer)
        application = WebClient(origin: server.issuer)
    }

    private var now: JSON { .integer(Int(Date().timeIntervalSince1970)) }

    private func credentials() async throws -> [(String, String)] {
        let claims: JSONObject = [
            "iss": "bank", "sub": "bank", "aud": .string(server.issuer), "jti": .string(UUID().uuidString), "iat": now,
            "exp": .integer(Int(Date().timeIntervalSince1970) + 60),
        ]
        let assertion = try await JWT.sign(claims, type: nil, with: key.signer())
        return [
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ]
    }

    private func proof(_ method: String, _ path: String, token: String? = nil) async throws -> (String, String) {
        var claims: JSONObject = [
            "jti": .string(UUID().uuidString), "htm": .string(method), "htu": .string(server.issuer + path), "iat": now,
        ]
        if let token { claims["ath"] = .string(Base64URL.encode(Array(SHA256.hash(data: Data(token.utf8))))) }
        let jwk = try #require(proofKey.publicKey().object)
        let text = try await JWS.sign(
            claims.serialized(), type: "dpop+jwt", header: ["jwk": .object(jwk)], with: proofKey.signer())
        return ("DPoP", text)
    }

    /// The flow from the pushed request to the user's claims.
    func signIn(_ flow: TracedFlow) async throws {
        let challenge = Base64URL.encode(Array(SHA256.hash(data: Data(Self.verifier.utf8))))
        let request = [
            ("response_type", "code"), ("client_id", "bank"), ("redirect_uri", Self.callback), ("state", "s"),
            ("scope", "openid profile"), ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ]
        let pushed = try await application.post(
            "/par", request + credentials(), headers: [proof("POST", "/par")])
        #expect(pushed.status == 201, "\(pushed.body)")
        let label = "POST /par: request, client assertion, DPoP proof"
        let uri = try #require(json(flow.request(.application, label, pushed).body)["request_uri"] as? String)
        let query = "client_id=bank&request_uri=\(uri)"
        var page = try await flow.follow(
            browser,
            flow.request(.browser, "GET /authorize with client_id, request_uri", browser.get("/authorize?\(query)")))
        for (label, fields) in [
            ("username and password", [("username", "alice"), ("password", "down-the-rabbit-hole")]),
            ("consent", [("decision", "allow")]),
        ] {
            let form = page.form
            let answer = try await browser.post(form.action, form.fields + fields)
            page = try await flow.follow(browser, flow.request(.browser, "POST \(form.action): \(label)", answer))
        }
        let token = try await redeem(try #require(page.answer["code"]), flow)
        let claims = try await application.get(
            "/userinfo", headers: [("Authorization", "DPoP \(token)"), proof("GET", "/userinfo", token: token)])
        #expect(claims.status == 200)
        #expect(try json(claims.body)["name"] as? String == "Alice Liddell")
        _ = flow.request(.application, "GET /userinfo: access token, DPoP proof", claims)
    }

    private func redeem(_ code: String, _ flow: TracedFlow) async throws -> String {
        let form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Self.callback),
            ("code_verifier", Self.verifier),
        ]
        let answer = try await application.post("/token", form + credentials(), headers: [proof("POST", "/token")])
        #expect(answer.status == 200, "\(answer.body)")
        let label = "POST /token: code, code_verifier, client assertion, DPoP proof"
        let tokens = try json(flow.request(.application, label, answer).body)
        #expect(tokens["token_type"] as? String == "DPoP")
        return try #require(tokens["access_token"] as? String)
    }
}

@Suite("The diagram of a FAPI 2.0 flow in docs/sequences matches the program")
struct FAPISequenceTests {
    @Test("the diagram of a pushed request, its tokens with DPoP, and userinfo is up to date")
    func flow() async throws {
        let visit = try await BankVisit()
        let flow = TracedFlow()
        try await visit.signIn(flow)
        let diagram = flow.diagram(try await SequenceTests.finish(visit.server, [flow]))
        #expect(diagram.messages.contains(Message(.martlet, .storage, "pushed_requests.consume")))
        try SequenceTests.compare(
            diagram, "fapi2", title: "FAPI 2.0 with DPoP",
            text:
                "An application with the profile `fapi2` pushes its request, and its tokens are bound to its DPoP key.")
    }
}
