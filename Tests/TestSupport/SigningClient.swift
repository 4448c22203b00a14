import FoundationEssentials
package import HTTPTypes
package import IdentityProvider
package import JOSE
import Synchronization

/// A client with a key of its own, which signs its assertions and request objects.
package struct SigningClient: Sendable {
    package let id: String
    package let key: PrivateKey

    package init(_ id: String = "bank", _ algorithm: SignatureAlgorithm = .es256) throws {
        self.id = id
        key = try PrivateKey.generate(for: algorithm)
    }

    package var redirectURI: String { "https://\(id).example/callback" }

    /// The client in a resource file. In `more`, `null` removes a member.
    package func registration(_ more: JSONObject = [:]) -> JSONObject {
        let members: JSONObject = [
            "client_id": .string(id), "token_endpoint_auth_method": "private_key_jwt",
            "jwks": .object(JWKSet(keys: [key.publicKey()]).object), "redirect_uris": [.string(redirectURI)],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": "openid profile orders.read", "consent": "skip",
        ]
        return members.changed(by: more)
    }

    /// The parameters of an authorization request, as claims. In `changes`, `null` removes one.
    package func request(_ changes: JSONObject = [:]) -> JSONObject {
        let members: JSONObject = [
            "response_type": "code", "client_id": .string(id), "redirect_uri": .string(redirectURI),
            "scope": "openid", "state": "the-state", "nonce": "the-nonce",
            "code_challenge": .string(Self.proof.challenge), "code_challenge_method": "S256",
        ]
        return members.changed(by: changes)
    }

    /// Goes with the `code_challenge` of `request`.
    package static let proof = Proof()

    /// Signs a request object for `issuer`, valid for a minute (RFC 9101 §4).
    package func object(
        _ changes: JSONObject = [:], for issuer: TestIssuer, type: String? = "oauth-authz-req+jwt",
        by signer: (any Signer)? = nil
    ) async throws -> String {
        let now = Int(issuer.clock.now.timeIntervalSince1970)
        let own: JSONObject = [
            "iss": .string(id), "aud": .string(issuer.issuer.identifier), "iat": .integer(now), "nbf": .integer(now),
            "exp": .integer(now + 60),
        ]
        var claims = request()
        claims.merge(own)
        return try await JWT.sign(claims.changed(by: changes), type: type, with: signer ?? key.signer())
    }

    /// The claims of a client assertion (RFC 7523 §3).
    package func assertion(_ changes: JSONObject = [:], for issuer: TestIssuer) -> JSONObject {
        let now = Int(issuer.clock.now.timeIntervalSince1970)
        let claims: JSONObject = [
            "iss": .string(id), "sub": .string(id), "aud": .string(issuer.issuer.identifier),
            "jti": .string(UUID().uuidString), "iat": .integer(now), "exp": .integer(now + 60),
        ]
        return claims.changed(by: changes)
    }

    /// The parameters that authenticate the client.
    package func credentials(_ changes: JSONObject = [:], for issuer: TestIssuer) async throws -> [(String, String)] {
        let text = try await JWT.sign(assertion(changes, for: issuer), type: nil, with: key.signer())
        return [("client_assertion_type", Self.assertionType), ("client_assertion", text)]
    }

    package static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    /// Pushes a request and returns the response (RFC 9126 §2).
    package func push(
        _ form: [(String, String)]? = nil, at issuer: TestIssuer, headers: HTTPFields = [:]
    ) async throws -> Response {
        let form = try await (form ?? request().parameters) + credentials(for: issuer)
        return try await issuer.send(.post, "/par", form: form, headers: headers)
    }

    /// Pushes a request and returns the parameters that refer to it.
    package func pushed(_ changes: JSONObject = [:], at issuer: TestIssuer) async throws -> [(String, String)] {
        let answer = try await push(request(changes).parameters, at: issuer).json()
        guard let uri = answer["request_uri"]?.string else { throw Unexpected("\(answer)") }
        return [("client_id", id), ("request_uri", uri)]
    }

    /// Redeems a code of `request`.
    package func redeem(_ code: String, at issuer: TestIssuer) async throws -> Response {
        let form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI),
            ("code_verifier", Self.proof.verifier),
        ]
        return try await issuer.send(.post, "/token", form: form + credentials(for: issuer))
    }
}

extension JSONObject {
    /// The object with the members of `others`. `null` removes one.
    package func changed(by others: JSONObject) -> JSONObject {
        var object = self
        for (name, value) in others.members { object[name] = value == .null ? nil : value }
        return object
    }

    /// The members as parameters of a request.
    package var parameters: [(String, String)] {
        members.map { ($0.name, $0.value.string ?? String(decoding: $0.value.serialized(), as: UTF8.self)) }
    }
}

/// The servers of clients: responses by URL, which a test changes.
package final class ClientServers: Fetcher {
    private struct State {
        var answers: [String: Result<FetchResponse, FetchError>] = [:]
        var asked: [FetchRequest] = []
        var policies: [FetchPolicy] = []
    }

    private let state = Mutex(State())

    package init() {}

    package func answer(_ url: String, _ body: String, type: String) {
        let response = FetchResponse(status: 200, headers: [.contentType: type], body: Array(body.utf8))
        state.withLock { $0.answers[url] = .success(response) }
    }

    package func fail(_ url: String, _ error: FetchError) { state.withLock { $0.answers[url] = .failure(error) } }

    package var asked: [FetchRequest] { state.withLock(\.asked) }
    package var policies: [FetchPolicy] { state.withLock(\.policies) }

    package func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        let answer = state.withLock { state in
            state.asked.append(request)
            state.policies.append(policy)
            return state.answers[request.url]
        }
        guard let answer else { throw FetchError.unknownHost(request.url) }
        let response = try answer.get()
        let type = response.headers[.contentType]
        guard policy.accepts(contentType: type) else {
            throw FetchError.mediaType(type, host: request.url, expected: policy.mediaTypes)
        }
        guard response.body.count <= policy.maximumSize else {
            throw FetchError.tooLarge(host: request.url, limit: policy.maximumSize)
        }
        return response
    }
}

extension TestIssuer {
    /// The test issuer's resources with these clients besides.
    package static func resources(adding clients: JSONObject...) throws -> String {
        var resources = try JSONObject(parsing: Array(TestIssuer.resources.utf8))
        resources["clients"] = .array((resources["clients"]?.array ?? []) + clients.map(JSON.object))
        return String(decoding: resources.serialized(), as: UTF8.self)
    }
}
