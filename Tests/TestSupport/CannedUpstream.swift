import Crypto
import FoundationEssentials
import HTTPTypes
package import IdentityProvider
package import JOSE
import Synchronization

/// An OpenID Provider behind the fetcher, with one user. It gives out codes and redeems each once, with the right
/// verifier and redirect URI. A test changes its `behavior` to make it lie or fail.
package final class CannedUpstream: Fetcher {
    package struct Behavior: Sendable {
        /// The user's `sub`.
        package var subject = "u-1"
        /// Added to each ID Token, replacing claims with the same name. `null` removes one.
        package var claims: JSONObject = [:]
        /// Added to the userinfo response, as `claims` is to ID Tokens.
        package var userInfo: JSONObject = [:]
        /// Added to the token response, as `claims` is to ID Tokens.
        package var tokens: JSONObject = [:]
        /// Added to the metadata, as `claims` is to ID Tokens.
        package var metadata: JSONObject = [:]
        /// Signs ID Tokens.
        package var key: PrivateKey
        /// The published keys.
        package var keys: [PrivateKey]
        /// Responses that replace those of endpoints, by path.
        package var answers: [String: @Sendable (FetchRequest) async throws -> FetchResponse] = [:]
    }

    private struct State {
        var behavior: Behavior
        var asked: [FetchRequest] = []
        var policies: [FetchPolicy] = []
        /// The authorization requests, by code.
        var codes: [String: Parameters] = [:]
    }

    package let id: String
    package let issuer: String
    package let clientID: String
    private let clock: TestClock
    private let state: Mutex<State>

    package init(
        _ id: String = "up", issuer: String? = nil, clientID: String = "martlet", clock: TestClock = TestClock(),
        algorithm: SignatureAlgorithm = .es256
    ) throws {
        self.id = id
        self.issuer = issuer ?? "https://\(id).example"
        self.clientID = clientID
        self.clock = clock
        let key = try PrivateKey.generate(for: algorithm)
        state = Mutex(State(behavior: Behavior(key: key, keys: [key])))
    }

    package var behavior: Behavior { state.withLock(\.behavior) }

    package func change(_ body: (inout Behavior) throws -> Void) rethrows {
        try state.withLock { try body(&$0.behavior) }
    }

    /// The requests to the endpoint at `path`, or all.
    package func asked(_ path: String? = nil) -> [FetchRequest] {
        state.withLock { $0.asked.filter { request in path.map { request.url == issuer + $0 } ?? true } }
    }

    /// The rules of all requests so far.
    package var policies: [FetchPolicy] { state.withLock(\.policies) }

    /// The members of the upstream in a resource file. In `more`, `null` removes one.
    package func resource(_ more: JSONObject = [:]) -> JSONObject {
        let members: JSONObject = [
            "id": .string(id), "issuer": .string(issuer), "client_id": .string(clientID),
            "client_secret": "upstream-secret",
        ]
        return members.replaced(by: more)
    }

    /// Signs the user in and returns the parameters of the response to the authorization request at `url`.
    package func authorize(_ url: String) throws -> [(String, String)] {
        let prefix = "\(issuer)/authorize?"
        guard url.hasPrefix(prefix) else { throw Unexpected("\(url) is not the authorization endpoint of \(issuer)") }
        let request = try Parameters(parsing: url.dropFirst(prefix.count), limits: Limits())
        let code = Base64URL.encode(RandomBytes.make(16))
        state.withLock { $0.codes[code] = request }
        return [("code", code), ("state", try request.required("state")), ("iss", issuer)]
    }

    package func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        let behavior = state.withLock { state in
            state.asked.append(request)
            state.policies.append(policy)
            return state.behavior
        }
        let path = String(request.url.dropFirst(issuer.utf8.count).prefix { $0 != "?" })
        if let answer = behavior.answers[path] { return try await answer(request) }
        switch path {
        case "/.well-known/openid-configuration": return .json(metadata.replaced(by: behavior.metadata))
        case "/jwks": return .json(JWKSet(keys: behavior.keys.map { $0.publicKey() }).object)
        case "/token": return try await redeem(request, behavior)
        case "/userinfo":
            let claims: JSONObject = [
                "sub": .string(behavior.subject), "name": "Alice Liddell", "email": .string("alice@\(id).example"),
                "email_verified": true,
            ]
            return .json(claims.replaced(by: behavior.userInfo))
        default: throw FetchError.unknownHost(request.url)
        }
    }

    private var metadata: JSONObject {
        [
            "issuer": .string(issuer), "authorization_endpoint": .string("\(issuer)/authorize"),
            "token_endpoint": .string("\(issuer)/token"), "jwks_uri": .string("\(issuer)/jwks"),
            "userinfo_endpoint": .string("\(issuer)/userinfo"),
            "authorization_response_iss_parameter_supported": true,
        ]
    }

    private func redeem(_ request: FetchRequest, _ behavior: Behavior) async throws -> FetchResponse {
        let form = try Parameters(parsing: String(decoding: request.body, as: UTF8.self), limits: Limits())
        guard let asked = state.withLock({ $0.codes.removeValue(forKey: form["code"] ?? "") }),
            asked["redirect_uri"] == form["redirect_uri"],
            Self.challenge(form["code_verifier"]) == asked["code_challenge"]
        else { return try refuse("invalid_grant", request) }
        let moment = Int(clock.now.timeIntervalSince1970)
        var claims: JSONObject = [
            "iss": .string(issuer), "sub": .string(behavior.subject), "aud": .string(clientID), "iat": .integer(moment),
            "exp": .integer(moment + 300), "auth_time": .integer(moment),
        ]
        claims["nonce"] = asked["nonce"].map(JSON.string)
        let idToken = try await JWT.sign(
            claims.replaced(by: behavior.claims), type: "JWT", with: behavior.key.signer())
        let response: JSONObject = [
            "access_token": "access-1", "token_type": "Bearer", "expires_in": 3_600, "id_token": .string(idToken),
        ]
        return .json(response.replaced(by: behavior.tokens))
    }

    /// The fetcher throws for every status but 2xx.
    private func refuse(_ error: String, _ request: FetchRequest) throws -> FetchResponse {
        let response = FetchResponse.json(["error": .string(error)], status: 400)
        throw FetchError.unsuccessful(host: issuer, response)
    }

    private static func challenge(_ verifier: String?) -> String? {
        verifier.map { Base64URL.encode(Array(SHA256.hash(data: Array($0.utf8)))) }
    }
}

/// Several upstreams behind one fetcher.
package struct CannedNetwork: Fetcher {
    private let upstreams: [CannedUpstream]

    package init(_ upstreams: CannedUpstream...) { self.upstreams = upstreams }

    package func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        guard let upstream = upstreams.first(where: { request.url.hasPrefix("\($0.issuer)/") }) else {
            throw FetchError.unknownHost(request.url)
        }
        return try await upstream.fetch(request, under: policy)
    }
}

extension FetchResponse {
    package static func json(_ object: JSONObject, status: Int = 200) -> FetchResponse {
        FetchResponse(status: status, headers: [.contentType: "application/json"], body: object.serialized())
    }
}

extension JSONObject {
    fileprivate func replaced(by others: JSONObject) -> JSONObject {
        var object = self
        for (name, value) in others.members { object[name] = value == .null ? nil : value }
        return object
    }
}

extension TestIssuer {
    /// Returns the usual resources together with upstreams.
    package static func resources(with upstreams: JSONObject...) throws -> String {
        var document = try JSONObject(parsing: Array(resources.utf8))
        document["upstreams"] = .array(upstreams.map(JSON.object))
        return String(decoding: document.serialized(), as: UTF8.self)
    }

    /// Returns the authority of a stored upstream, or an invented one.
    package func authority(of upstream: String) async throws -> Identifier<UpstreamAuthority> {
        try await stores.upstreams.all().first { $0.id.rawValue == upstream }?.authority
            ?? Identifier(rawValue: upstream)
    }

    /// Returns the link that counts for the account `subject` of an upstream.
    package func link(to upstream: String, subject: String = "u-1") async throws -> UpstreamLink? {
        try await stores.upstreamLinks.find(authority(of: upstream), subject: subject)
    }

    /// Lets a user sign in with the account `subject` of an upstream.
    package func link(_ username: String, to upstream: String, subject: String = "u-1") async throws {
        guard let user = try await stores.users.find(named: username) else { throw Unexpected("no user \(username)") }
        let link = UpstreamLink(
            upstream: Identifier(rawValue: upstream), authority: try await authority(of: upstream), subject: subject,
            user: user.id, label: subject, createdAt: clock.now)
        guard try await stores.upstreamLinks.add(link, by: user) == .added else { throw Unexpected("not linked") }
    }
}
