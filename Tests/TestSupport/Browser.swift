import Crypto
import FoundationEssentials
package import HTTPTypes
package import IdentityProvider
package import JOSE
import Synchronization

/// A test's assumption that did not hold.
package struct Unexpected: Error {
    package let what: String
    package init(_ what: String) { self.what = what }
}

extension Path {
    fileprivate func fits(_ path: String) -> Bool { text == path || value(in: path) != nil }
}

extension TestIssuer {
    /// Sends the request to the endpoint of its route, and renders errors as the server would.
    package func send(
        _ method: HTTPRequest.Method, _ path: String, query: String? = nil, form: [(String, String)] = [],
        headers: HTTPFields = [:], from address: String = "127.0.0.1", certificates: [[UInt8]] = []
    ) async throws -> Response {
        var headers = headers
        if method == .post { headers[.contentType] = "application/x-www-form-urlencoded" }
        let body = Array(FormEncoding.encode(form.map { (name: $0.0, value: $0.1) }).utf8)
        return try await send(
            method, path, query: query, body: body, headers: headers, from: address, certificates: certificates)
    }

    /// Sends the request with this body to the endpoint of its route.
    package func send(
        _ method: HTTPRequest.Method, _ path: String, query: String?, body: [UInt8], headers: HTTPFields,
        from address: String, certificates: [[UInt8]] = []
    ) async throws -> Response {
        for endpoint in provider.endpoints {
            guard let route = endpoint.routes.first(where: { $0.method == method && $0.path.fits(path) }) else {
                continue
            }
            do {
                return try await endpoint.respond(
                    to: Request(
                        method: method, path: route.path.text, variable: route.path.value(in: path), query: query,
                        headers: headers, body: body, remoteAddress: address, certificates: certificates))
            } catch {
                return endpoint.refusal(OAuthError(reporting: error))
            }
        }
        throw Unexpected("no route \(method) \(path)")
    }

    /// Sends the request to the endpoint of the JSON API that has the route.
    package func call(
        _ method: HTTPRequest.Method, _ path: String, _ json: String = "", headers: HTTPFields = [:],
        type: String? = "application/json", from address: String = "127.0.0.1"
    ) async throws -> Response {
        for endpoint in provider.endpoints {
            guard let route = endpoint.routes.first(where: { $0.method == method && $0.path.text == path }) else {
                continue
            }
            do {
                var headers = headers
                if !json.isEmpty { headers[.contentType] = type }
                return try await endpoint.respond(
                    to: Request(
                        method: method, path: path, headers: headers, body: Array(json.utf8), remoteAddress: address,
                        reading: route.body))
            } catch {
                return endpoint.refusal(OAuthError(reporting: error))
            }
        }
        throw Unexpected("no route \(method) \(path)")
    }

    /// Creates a token request of a client with its secret in the `Authorization` field.
    package func token(
        _ form: [(String, String)], client: String = "web", secret: String? = nil, at path: String = "/token"
    ) async throws -> Response {
        let secret = secret ?? "\(client)-secret-\(client)-secret-\(client)-secret-1"
        let credentials = Data("\(client):\(secret)".utf8).base64EncodedString()
        return try await send(.post, path, form: form, headers: [.authorization: "Basic \(credentials)"])
    }
}

extension Response {
    package func json() throws -> JSONObject {
        guard case .bytes(let bytes) = body else { throw Unexpected("got a page instead of JSON") }
        return try JSONObject(parsing: bytes)
    }

    package func page() throws -> Page {
        guard case .page(let page) = body else { throw Unexpected("expected a page, got \(status) \(headers)") }
        return page
    }

    /// The parameters of the redirect.
    package func answer() throws -> Parameters {
        guard let location = headers[.location], let mark = location.firstIndex(of: "?") else {
            throw Unexpected("expected a redirect with a query, got \(status)")
        }
        return try Parameters(parsing: location[location.index(after: mark)...], limits: Limits())
    }
}

extension Page {
    package func text(_ name: String) -> String {
        if case .text(let text)? = data[name] { text } else { "" }
    }

    package func hasError(_ name: String) -> Bool {
        if case .object(let errors)? = data["error"] { errors[name] != nil } else { false }
    }
}

/// A browser at one issuer: keeps cookies, follows redirects within the issuer, and fills in forms.
package final class Browser: Sendable {
    private let issuer: TestIssuer
    private let address: Mutex<String>
    private struct Cookie {
        let value: String
        /// `nil` until the browser is closed.
        let expiresAt: Date?
    }
    private let kept = Mutex<[String: Cookie]>([:])

    /// The values of the cookies that haven't expired, by name.
    private var cookies: [String: String] {
        let now = issuer.clock.now
        return kept.withLock { $0.filter { $0.value.expiresAt.map { now < $0 } ?? true }.mapValues(\.value) }
    }

    package init(_ issuer: TestIssuer, at address: String = "127.0.0.1") {
        self.issuer = issuer
        self.address = Mutex(address)
    }

    /// The user takes the browser to another place.
    package func travel(to address: String) { self.address.withLock { $0 = address } }

    package var cookieHeader: String {
        cookies.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "; ")
    }

    /// Returns the value of one of the issuer's cookies.
    package func cookie(_ name: String) -> String? {
        cookies.first { $0.key.hasSuffix("martlet-\(name)") }?.value
    }

    /// Returns a browser with the same cookies, such as a thief's. Cookies that either gets from then on are its own.
    package func copy() -> Browser {
        let copy = Browser(issuer, at: address.withLock(\.self))
        let own = kept.withLock(\.self)
        copy.kept.withLock { $0 = own }
        return copy
    }

    /// Sets `name=value`, as an attacker might plant it.
    package func add(cookie: String) {
        let parts = cookie.split(separator: "=", maxSplits: 1).map(String.init)
        kept.withLock { $0[parts[0]] = Cookie(value: parts[1], expiresAt: nil) }
    }

    package func forgetCookies() { kept.withLock { $0 = [:] } }

    /// Sends one request without following redirects. `crossSite` withholds the cookies, as `SameSite=Lax` does.
    package func request(
        _ method: HTTPRequest.Method, _ path: String, query: String? = nil, form: [(String, String)] = [],
        headers: HTTPFields = [:], crossSite: Bool = false
    ) async throws -> Response {
        var headers = headers
        if !crossSite, !cookieHeader.isEmpty { headers[.cookie] = cookieHeader }
        // Endpoints know their paths relative to the issuer.
        let below = issuer.issuer.path
        let path = !below.isEmpty && path.hasPrefix("\(below)/") ? String(path.dropFirst(below.count)) : path
        let response = try await issuer.send(
            method, path, query: query, form: form, headers: headers, from: address.withLock(\.self))
        for field in response.headers[values: .setCookie] { set(field) }
        return response
    }

    /// Keeps the cookie of a `Set-Cookie` value.
    package func set(_ field: String) {
        let parts = field.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let seconds = field.firstMatch(of: /; Max-Age=([0-9]+)/).flatMap { TimeInterval($0.output.1) }
        let cookie = Cookie(value: String(parts[1]), expiresAt: seconds.map(issuer.clock.now.addingTimeInterval))
        kept.withLock { $0[String(parts[0])] = cookie }
    }

    /// Follows redirects within the issuer.
    package func follow(_ response: Response) async throws -> Response {
        var response = response
        for _ in 0..<10 {
            guard let location = response.headers[.location], location.hasPrefix("/") else { return response }
            let parts = location.split(separator: "?", maxSplits: 1)
            response = try await request(
                .get, String(parts[0]), query: parts.count > 1 ? String(parts[1]) : nil)
        }
        throw Unexpected("redirect loop")
    }

    package func get(_ path: String, _ parameters: [(String, String)] = []) async throws -> Response {
        let query = FormEncoding.encode(parameters.map { (name: $0.0, value: $0.1) })
        return try await follow(request(.get, path, query: query.isEmpty ? nil : query))
    }

    /// Submits the form of `page` with the user's input.
    package func submit(_ page: Page, _ fields: [(String, String)]) async throws -> Response {
        try await follow(submitWithoutFollowing(page, fields))
    }

    /// Continues from the page with the recovery codes that a user gets together with their first second factor.
    package func keepCodes(_ response: Response) async throws -> Response {
        let page = try response.page()
        guard page.template == "recovery-codes", !page.text("continue_uri").isEmpty else {
            throw Unexpected("expected recovery codes, got \(page.template)")
        }
        return try await follow(.redirect(to: page.text("continue_uri")))
    }

    package func submitWithoutFollowing(_ page: Page, _ fields: [(String, String)]) async throws -> Response {
        let hidden = ["form_token", "interaction", "request", "link", "factor"].map { ($0, page.text($0)) }.filter {
            !$0.1.isEmpty
        }
        return try await request(.post, page.text("action"), form: hidden + fields)
    }

    /// Starts an authorization request and, if requested, signs in and consents.
    package func authorize(
        _ parameters: [(String, String)], as username: String = "alice", password: String = "correct horse"
    ) async throws -> Response {
        var response = try await get("/authorize", parameters)
        for _ in 0..<3 {
            guard case .page(let page) = response.body else { return response }
            switch page.template {
            case "sign-in": response = try await submit(page, [("username", username), ("password", password)])
            case "consent": response = try await submit(page, [("decision", "allow")])
            default: return response
            }
        }
        return response
    }
}

/// A verifier and its challenge (RFC 7636 §4).
package struct Proof: Sendable {
    package let verifier = Base64URL.encode(RandomBytes.make(32))

    package init() {}

    package var challenge: String { Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8)))) }
    package var parameters: [(String, String)] {
        [("code_challenge", challenge), ("code_challenge_method", "S256")]
    }
}

extension Browser {
    /// The parameters of a request by the confidential client.
    package static func webRequest(
        scope: String = "openid profile", _ more: [(String, String)] = []
    ) -> [(String, String)] {
        [
            ("response_type", "code"), ("client_id", "web"), ("redirect_uri", "https://shop.example/callback"),
            ("scope", scope), ("state", "the-state"), ("nonce", "the-nonce"),
        ] + more
    }

    /// Gets a code for the confidential client.
    package func code(scope: String = "openid profile", _ more: [(String, String)] = []) async throws -> String {
        let response = try await authorize(Self.webRequest(scope: scope, more))
        return try response.answer().required("code")
    }
}

extension TestIssuer {
    /// Redeems a code of the confidential client.
    package func redeem(_ code: String, _ more: [(String, String)] = []) async throws -> Response {
        try await token(
            [
                ("grant_type", "authorization_code"), ("code", code),
                ("redirect_uri", "https://shop.example/callback"),
            ] + more)
    }

    package func refresh(_ token: String, _ more: [(String, String)] = []) async throws -> Response {
        try await self.token([("grant_type", "refresh_token"), ("refresh_token", token)] + more)
    }

    /// The issuer's published keys.
    package func keys() async throws -> JWKSet {
        try await JWKSet(send(.get, "/jwks").json())
    }
}
