import Authenticators
import Foundation
import JOSE
import TestSupport
import Testing

/// A front end that records its requests and responses.
private actor Recorder {
    private let client: WebClient
    private(set) var lines: [String] = []
    let origin: String

    init(_ client: WebClient, at origin: String) {
        self.client = client
        self.origin = origin
    }

    @discardableResult
    func post(
        _ path: String, _ body: String = "", type: String = "application/json", headers: [(String, String)] = []
    ) async throws -> JSONObject {
        let answer =
            body.isEmpty
            ? try await client.postJSON(path, "", headers: headers)
            : try await client.postJSON(path, body, type: type, headers: headers)
        return try keep("POST", path, body, answer)
    }

    @discardableResult
    func get(_ path: String, headers: [(String, String)] = []) async throws -> JSONObject {
        try keep("GET", path, "", try await client.get(path, headers: headers))
    }

    private func keep(_ method: String, _ path: String, _ body: String, _ answer: WebClient.Answer) throws
        -> JSONObject
    {
        let fields = Dictionary(answer.headers.map { ($0.0.lowercased(), $0.1) }) { first, _ in first }
        let line: [String: Any] = [
            "method": method, "path": path, "body": body, "status": answer.status, "answer": answer.body,
            "answer_type": fields["content-type"] ?? "", "headers": fields,
        ]
        lines.append(String(decoding: try JSONSerialization.data(withJSONObject: line), as: UTF8.self))
        return answer.body.isEmpty ? [:] : try JSONObject(parsing: Array(answer.body.utf8), maximumDepth: 32)
    }
}

@Suite("The first-party API matches /api/openapi.json (OpenAPI 3.1)")
struct OpenAPITests {
    private static let secret = "JBSWY3DPEHPK3PXPJBSWY3DP"
    private static let resources = """
        roles:
          - name: editor
            permissions: [posts:write]
        users:
          - username: alice
            password: correct horse battery
            name: Alice Liddell
            email: alice@example.com
            roles: [editor]
          - username: bob
            password: battery staple correct
            totp_secret: \(secret)
          - username: dora
            password: drawer staple correct
            totp_secret: \(secret)
        clients:
          - client_id: safe
            first_party: true
            token_endpoint_auth_method: none
            grant_types: [refresh_token]
            scope: openid
            minimum_acr: urn:martlet:acr:2
          - client_id: app
            first_party: true
            token_endpoint_auth_method: none
            redirect_uris: [com.example.app:/callback]
            scope: openid
        upstreams:
          - {preset: google, client_id: c, client_secret: s}
        """

    private static let people = """
        roles:
          - name: admin
            permissions: []
            minimum_acr: urn:martlet:acr:2
        users:
          - username: ruth
            password: key staple correct
          - username: mia
            password: mail staple correct
            email: mia@example.com
            email_verified: true
            roles: [admin]
        """

    private static let check = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "OpenAPI/check.py")

    private func text(_ answer: JSONObject, _ name: String) -> String { answer[name]?.string ?? "" }

    /// Signs in with a DPoP proof, and validates the token as a gateway does.
    private func exerciseBoundTokens(_ api: Recorder, _ user: String) async throws {
        let key = try DPoPKey()
        func proof(_ method: String, _ uri: String, _ token: String? = nil) async throws -> [(String, String)] {
            let proof = ("DPoP", try await key.proof(method, uri, at: Date(), token: token))
            return token.map { [proof, ("Authorization", "DPoP \($0)")] } ?? [proof]
        }
        let issuer = api.origin
        let members = "{\(user)}"
        let login = try await proof("POST", issuer + "/api/auth/login")
        let token = text(try await api.post("/api/auth/login", members, headers: login), "access_token")
        #expect(try await api.post("/api/auth/login", members, headers: login)["status"] == 400)
        let itself = issuer + "/api/auth/self"
        #expect(try await api.get("/api/auth/self", headers: proof("GET", itself, token))["username"] == "alice")
        #expect(try await api.get("/api/auth/self", headers: proof("PUT", itself, token))["status"] == 401)
        let validate = "/api/auth/validate"
        let own = try await proof("GET", issuer + validate, token)
        #expect(try await api.get(validate, headers: own)["active"] == true)
        let path = "\(validate)?htm=GET&htu=\(issuer)\(validate)"
        let called = try await proof("GET", issuer + validate, token)
        #expect(try await api.get(path, headers: called)["active"] == true)
        #expect(try await api.get(path, headers: called)["active"] == false)
    }

    /// Requests every documented response of the API at least once.
    private func exercise(_ api: Recorder, _ page: Recorder) async throws {
        let alice = #""username":"alice","password":"correct horse battery""#
        let bob = #"{"username":"bob","password":"battery staple correct"}"#
        let tokens = try await api.post("/api/auth/login", "{\(alice)}")
        let bearer = [("Authorization", "Bearer \(text(tokens, "access_token"))")]
        let refresh = #"{"refresh_token":"\#(text(tokens, "refresh_token"))"}"#
        try await api.post("/api/auth/login", "{\(alice),\"client_id\":\"safe\"}")
        try await api.post("/api/auth/login", "{\(alice),\"client_id\":\"nobody\"}")
        try await api.post("/api/auth/login", #"{"email":"alice@example.com","password":"wrong"}"#)
        try await api.post("/api/auth/login", "[]")
        let upstream = #""upstream":"google","client_id":"app","redirect_uri":"com.example.app:/callback""#
        let proof = #""code_challenge":"\#(Proof().challenge)","code_challenge_method":"S256""#
        #expect(try await api.post("/api/auth/login", "{\(upstream),\(proof)}")["authorization_uri"] != nil)
        try await api.post("/api/auth/login", "{\(upstream)}")
        try await api.post("/api/auth/login", "a=b", type: "application/x-www-form-urlencoded")
        try await api.post("/api/auth/login", #"{"username":""# + String(repeating: "x", count: 70_000) + #""}"#)
        for _ in 0..<14 { try await api.post("/api/auth/login", #"{"username":"nobody","password":"guess"}"#) }

        try await api.get("/api/auth/self", headers: bearer)
        try await api.get("/api/auth/self")
        try await api.get("/api/auth/validate", headers: bearer)
        try await api.get("/api/auth/validate")
        try await api.get("/api/auth/validate?acr_values=urn:martlet:acr:1&max_age=3600", headers: bearer)
        try await api.get("/api/auth/validate?acr_values=urn:martlet:acr:2&max_age=0", headers: bearer)
        try await api.get("/api/auth/validate?role=editor&permission=posts:write", headers: bearer)
        try await api.get("/api/auth/validate?role=editor%20chief", headers: bearer)
        try await api.get("/api/auth/validate?role=%20", headers: bearer)

        try await exerciseBoundTokens(api, alice)

        let ticket = text(try await api.post("/api/auth/login", bob), "ticket")
        let secret = try #require(Base32.decode(Self.secret))
        let code = try TOTP(secret: secret).code(at: Date())
        func mfa(_ ticket: String, _ code: String) -> String {
            #"{"ticket":"\#(ticket)","factor":"totp","code":"\#(code)"}"#
        }
        try await api.post("/api/auth/mfa", mfa(ticket, "00000a"))
        try await api.post("/api/auth/mfa", mfa(ticket, code))
        try await api.post("/api/auth/mfa", "{}")
        try await api.post("/api/auth/mfa", "a=b", type: "text/plain")
        let dora = #"{"username":"dora","password":"drawer staple correct"}"#
        let other = text(try await api.post("/api/auth/login", dora), "ticket")
        for _ in 0..<12 { try await api.post("/api/auth/mfa", mfa(other, "00000a")) }

        let rubbish = [("Authorization", "Bearer x")]
        try await api.post("/api/auth/refresh", refresh, headers: rubbish)
        try await api.post("/api/auth/refresh", refresh, headers: bearer)
        try await api.post("/api/auth/refresh", "{}")
        try await api.post("/api/auth/refresh", #"{"refresh_token":"x"}"#)
        try await api.post("/api/auth/refresh", refresh, type: "text/plain")
        try await api.post("/api/auth/logout", refresh, type: "text/plain")
        try await api.post("/api/auth/logout", #"{"refresh_token":"x"}"#)
        try await api.post("/api/auth/logout", refresh, headers: rubbish)
        try await api.post("/api/auth/logout", refresh, headers: bearer)
        try await api.post("/api/auth/logout", headers: bearer)

        try await page.post(
            "/api/auth/login", "{\(alice),\"transport\":\"cookie\"}", headers: [("Sec-Fetch-Site", "cross-site")])
        let entered = try await page.post("/api/auth/login", "{\(alice),\"transport\":\"cookie\"}")
        try await page.get("/api/auth/self")
        try await page.get("/api/auth/self", headers: bearer)
        try await page.get("/api/auth/validate", headers: bearer)
        for operation in ["refresh", "logout"] {
            try await page.post("/api/auth/\(operation)")
            try await page.post("/api/auth/\(operation)", headers: [("X-CSRF-Token", text(entered, "csrf_token"))])
        }
        let due = text(
            try await page.post(
                "/api/auth/login", String(bob.dropLast()) + #","transport":"cookie"}"#), "ticket")
        try await page.post("/api/auth/mfa", mfa(due, "000000"), headers: [("Sec-Fetch-Site", "cross-site")])
    }

    /// Signs in with a passkey as second factor.
    private func show(_ authenticator: SoftwareAuthenticator, _ api: Recorder) async throws {
        let ruth = #"{"username":"ruth","password":"key staple correct"}"#
        let ticket = text(try await api.post("/api/auth/login", ruth), "ticket")
        let asked = try await api.post("/api/auth/mfa", #"{"ticket":"\#(ticket)","factor":"passkey"}"#)
        let credential = try authenticator.get(try #require(asked["publicKey"]?.object))
        let tokens = try await api.post(
            "/api/auth/mfa", #"{"ticket":"\#(ticket)","factor":"passkey","credential":\#(credential)}"#)
        #expect(tokens["access_token"] != nil)
    }

    /// Registers at servers where sign-up is open (`newcomer`) and closed.
    private func register(_ newcomer: Recorder, closed: Recorder) async throws {
        let path = "/api/auth/register"
        let first = try await newcomer.post(path, #"{"email":"new@example.com"}"#)
        #expect(try await newcomer.post(path, #"{"email":"new@example.com"}"#) == first)
        try await newcomer.post(path, #"{"email":"none"}"#)
        let dora = #""username":"dora","email":"dora@example.com","name":"Dora""#
        try await newcomer.post(path, #"{\#(dora),"password":"password"}"#)
        try await newcomer.post(path, #"{\#(dora),"password":"a dormouse in a teapot"}"#)
        try await newcomer.post(path, #"{\#(dora),"password":"a dormouse in a teapot"}"#)
        try await newcomer.post(path, "email=new@example.com", type: "text/plain")
        for number in 0..<12 { try await newcomer.post(path, #"{"email":"new\#(number)@example.com"}"#) }
        try await closed.post(path, #"{"email":"new@example.com"}"#)

        // A user whose second factor is a code by email.
        let mia = #"{"username":"mia","password":"mail staple correct"}"#
        let ticket = text(try await newcomer.post("/api/auth/login", mia), "ticket")
        try await newcomer.post("/api/auth/mfa", #"{"ticket":"\#(ticket)","factor":"email_code"}"#)
        try await newcomer.post("/api/auth/mfa", #"{"ticket":"\#(ticket)","factor":"email_code","code":"x"}"#)
    }

    @Test("every documented response occurs, and every response is documented, member by member")
    func answers() async throws {
        let folder = try Folder()
        try folder.write("resources.yaml", Self.resources)
        let server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url)
        let (api, page) = (
            Recorder(WebClient(origin: server.issuer), at: server.issuer),
            Recorder(WebClient(origin: server.issuer), at: server.issuer)
        )
        let document = try await WebClient(origin: server.issuer).get("/api/openapi.json")
        #expect(document.header("content-type") == "application/json")
        #expect(try json(document.body)["openapi"] as? String == "3.1.0")
        try folder.write("openapi.json", document.body)
        try await exercise(api, page)
        let elsewhere = try Folder()
        try elsewhere.write("people.yaml", Self.people)
        let open = try await RunningServer(
            [
                "--sign-up", "open", "--mail-smtp", "smtp://127.0.0.1:9", "--mail-from", "no-reply@example.com",
                "--apply", "people.yaml",
            ],
            in: elsewhere.url)
        let newcomer = Recorder(WebClient(origin: open.issuer), at: open.issuer)
        try await register(newcomer, closed: api)
        let authenticator = try SoftwareAuthenticator(rpID: "localhost", origin: open.issuer)
        try await authenticator.enrol(for: "ruth", at: open.issuer, in: elsewhere.url)
        try await show(authenticator, newcomer)
        try folder.write(
            "exchanges.jsonl", (await api.lines + page.lines + newcomer.lines).joined(separator: "\n") + "\n")
        let process = Process()
        process.executableURL = Self.check
        process.arguments = ["openapi.json", "exchanges.jsonl"]
        process.currentDirectoryURL = folder.url
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(said)")
        #expect(said.contains("responses match the document"))
        try await server.stop()
        try await open.stop()
    }
}
