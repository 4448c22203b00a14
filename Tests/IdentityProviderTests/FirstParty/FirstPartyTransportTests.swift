import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("The first-party API: bodies and cookies")
struct FirstPartyTransportTests {
    @Test(
        "a malformed or ambiguous body is refused",
        arguments: [
            #"{"username":"alice","username":"bob","password":"x"}"#, #"{"username":"alice","password":"x"} {}"#,
            #"{"username":"alice","password":{"$ne":""}}"#, #"{"username":["alice"],"password":"x"}"#,
            #"{"username":"alice","password":1}"#, #"{"username":"alice","password":null}"#, "[]", "\"alice\"", "{",
            "null",
            #"{"username":"alice","email":"alice@example.com","password":"x"}"#, #"{"password":"x"}"#,
            #"{"username":"alice"}"#, #"{"username":"alice","password":""}"#,
            #"{"username":"alice","password":"x","transprot":"cookie"}"#,
            #"{"username":"alice","password":"x","transport":"pigeon"}"#,
            #"{"username":"a\u0000lice","password":"x"}"#,
            #"{"username":"alice","password":"\#(String(repeating: "x", count: 20_000))"}"#,
            String(repeating: "[", count: 10_000), "username=alice&password=correct+horse",
        ])
    func malformed(_ body: String) async throws {
        let answer = try await FrontEnd().issuer.call(.post, "/api/auth/login", body)
        #expect(answer.status == .badRequest)
        #expect(answer.problem == "invalid_request")
    }

    @Test(
        "other content types are refused, including those that a cross-site form can send",
        arguments: [
            "application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "text/json", nil,
            "application/json+x", "text/plain; application/json",
        ])
    func type(_ type: String?) async throws {
        let answer = try await FrontEnd().issuer.call(.post, "/api/auth/login", "{\(FrontEnd.alice)}", type: type)
        #expect(answer.status == .unsupportedMediaType)
        #expect(answer.problem == "unsupported_media_type")
    }

    @Test("form endpoints refuse JSON")
    func noForm() async throws {
        let front = try await FrontEnd()
        let answer = try await front.issuer.call(.post, "/token", #"{"grant_type":"client_credentials"}"#)
        #expect(answer.status == .unsupportedMediaType)
    }

    private func signIn(_ front: FrontEnd) async throws -> (answer: JSONObject, cookies: String, Response) {
        let response = try await front.post("login", FrontEnd.alice + #","transport":"cookie""#)
        let cookies = response.cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
        return (try response.json(), cookies, response)
    }

    @Test("with cookie transport, scripts can't read the tokens, and the body contains none")
    func cookies() async throws {
        let front = try await FrontEnd()
        let (answer, cookies, response) = try await signIn(front)
        #expect(answer.names.sorted() == ["csrf_token", "expires_in", "scope", "token_type", "user_id"])
        let fields = response.headers[values: .setCookie]
        #expect(fields.count == 2)
        #expect(
            fields.allSatisfy {
                $0.hasPrefix("__Host-martlet-") && $0.contains("; HttpOnly") && $0.contains("; Secure")
                    && $0.contains("; SameSite=Lax") && $0.contains("; Path=/;")
            })
        let profile = try await front.get("self", nil, [.cookie: cookies])
        #expect(try profile.json()["csrf_token"] == answer["csrf_token"])
        #expect(try await front.get("validate", nil, [.cookie: cookies]).status == .ok)
    }

    @Test("state-changing calls need the CSRF token of the same sign-in", arguments: ["refresh", "logout"])
    func forgery(_ operation: String) async throws {
        let front = try await FrontEnd()
        let (answer, cookies, _) = try await signIn(front)
        let (other, _, _) = try await signIn(front)
        for wrong in [nil, "", "x", other["csrf_token"]?.string] {
            var headers: HTTPFields = [.cookie: cookies]
            headers[.csrf] = wrong
            let refused = try await front.issuer.call(.post, "/api/auth/\(operation)", headers: headers)
            #expect(refused.status == .forbidden)
            #expect(refused.problem == "forgery_protection")
            #expect(refused.headers[.setCookie] == nil)
        }
        #expect(try await front.get("self", nil, [.cookie: cookies]).status == .ok)
        var headers: HTTPFields = [.cookie: cookies]
        headers[.csrf] = answer["csrf_token"]?.string
        let done = try await front.issuer.call(.post, "/api/auth/\(operation)", headers: headers)
        #expect(done.status == (operation == "refresh" ? .ok : .noContent))
        #expect(done.cookies.count == 2)
        if operation == "refresh" {
            #expect(try done.json()["csrf_token"] == answer["csrf_token"])
            #expect(try done.json()["refresh_token"] == nil)
        } else {
            #expect(done.cookies.values.filter { !$0.isEmpty } == [])
            #expect(try await front.get("self", nil, [.cookie: cookies]).status == .unauthorized)
        }
    }

    @Test("a token in a cookie together with one in the request is refused")
    func mixed() async throws {
        let front = try await FrontEnd()
        let (answer, cookies, _) = try await signIn(front)
        let tokens = try await front.login()
        let access = tokens["access_token"]?.string ?? ""
        var headers: HTTPFields = [.cookie: cookies, .authorization: "Bearer \(access)"]
        headers[.csrf] = answer["csrf_token"]?.string
        for operation in ["self", "validate"] {
            #expect(try await front.get(operation, access, headers).status == .badRequest)
        }
        #expect(try await front.issuer.call(.post, "/api/auth/logout", headers: headers).status == .badRequest)
        headers[.authorization] = nil
        let refresh = #""refresh_token":"\#(tokens["refresh_token"]?.string ?? "")""#
        for operation in ["refresh", "logout"] {
            #expect(try await front.post(operation, refresh, headers).status == .badRequest)
        }
        #expect(try await front.get("self", access).status == .ok)
    }

    @Test("another site can't sign its visitors in", arguments: ["cross-site", "same-site", "none"])
    func crossSite(_ site: String) async throws {
        let front = try await FrontEnd()
        let headers: HTTPFields = [HTTPField.Name("Sec-Fetch-Site")!: site]
        let answer = try await front.post("login", FrontEnd.alice + #","transport":"cookie""#, headers)
        #expect(answer.problem == "forgery_protection")
        #expect(answer.headers[.setCookie] == nil)
        #expect(try await front.post("login", FrontEnd.alice, headers).status == .ok)
    }

    @Test("a login with cookie transport also finishes in cookies")
    func factor() async throws {
        let front = try await FrontEnd()
        let due = try await front.login(FrontEnd.bob + #","transport":"cookie""#)
        let ticket = due["ticket"]?.string ?? ""
        let elsewhere: HTTPFields = [HTTPField.Name("Sec-Fetch-Site")!: "cross-site"]
        let members = #""ticket":"\#(ticket)","factor":"totp","code":"\#(try front.code())""#
        #expect(try await front.post("mfa", members, elsewhere).problem == "forgery_protection")
        let done = try await front.post("mfa", members)
        #expect(done.status == .ok)
        #expect(done.cookies.count == 2)
        #expect(try done.json()["access_token"] == nil)
    }

    @Test("invalid first-party registrations are refused")
    func registration() throws {
        for document in [
            #"{"client_id":"a","first_party":true,"client_secret":"0123456789012345678901","grant_types":[]}"#,
            #"{"client_id":"a","first_party":true,"token_endpoint_auth_method":"none","grant_types":[],"scope":"x"}"#,
        ] {
            let error = #expect(throws: InvalidResources.self) {
                try ResourceSet(JSONObject(parsing: Array(#"{"clients":[\#(document)]}"#.utf8)))
            }
            #expect(error?.problems.map(\.member) == ["clients[0].first_party"])
        }
    }
}

extension HTTPField.Name {
    fileprivate static let csrf = HTTPField.Name("X-CSRF-Token")!
}
