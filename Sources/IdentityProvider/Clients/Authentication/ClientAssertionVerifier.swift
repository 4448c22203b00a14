import Crypto
import FoundationEssentials
import JOSE

/// Verifies client assertions (RFC 7523 §3 as amended by draft-ietf-oauth-rfc7523bis; OpenID Connect Core §9).
struct ClientAssertionVerifier: Sendable {
    let issuer: Issuer
    private let keys: ClientKeys
    let singleUse: any SingleUseStore
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        keys = ClientKeys(core)
        singleUse = core.stores.singleUse
        now = core.now
    }

    /// The maximum lifetime of an assertion, in seconds. It bounds how long a `jti` is stored.
    private static let maximumLifetime: TimeInterval = 3_600

    /// `secret` replaces the client's public keys.
    func verify(
        _ assertion: ClientAssertion, of client: Client, with secret: JWK? = nil
    ) async throws(ClientRefusal) {
        let rules = JWTRules(
            algorithms: Set(client.assertionAlgorithms), issuer: client.id.rawValue, expiry: .required,
            required: ["sub", "jti"])
        let claims: JSONObject
        do {
            let jwt =
                if let secret { try Self.validate(assertion, with: JWKSet(keys: [secret]), rules, at: now()) } else {
                    try await keys.verify(of: client) { keys in
                        try Self.validate(assertion, with: keys, rules, at: now())
                    }
                }
            claims = jwt.claims
        } catch let error as UnavailableKeys {
            throw .keysUnavailable(error)
        } catch {
            throw .assertion(error)
        }
        guard isAddressed(claims["aud"], of: client) else { throw .assertionAudience }
        guard claims["sub"]?.string?.isExactly(client.id.rawValue) == true, let jti = claims["jti"]?.string,
            let expiry = claims["exp"]?.seconds, expiry <= now().timeIntervalSince1970 + Self.maximumLifetime
        else { throw .otherMethod }
        try await consume(jti, of: client, until: Date(timeIntervalSince1970: expiry + rules.skew))
    }

    /// A JWT for another use, such as a request object, must not serve as an assertion (RFC 8725 §3.11; RFC 9101 §10.8).
    private static func validate(
        _ assertion: ClientAssertion, with keys: JWKSet, _ rules: JWTRules, at now: Date
    ) throws(JWTError) -> JWT {
        let jwt = try JWT(validating: assertion.text, with: keys, rules: rules, at: now)
        guard let type = jwt.header["typ"]?.string else { return jwt }
        let names = ["jwt", "client-authentication+jwt", "application/client-authentication+jwt"]
        guard names.contains(type.lowercased()) else { throw .type }
        return jwt
    }

    /// Whether `aud` is a single string that identifies this issuer. An assertion with several audiences, or with a URL
    /// that another server may share, could have been sent to that server, which could then replay it here
    /// (CVE-2025-27370, CVE-2025-27371).
    private func isAddressed(_ audience: JSON?, of client: Client) -> Bool {
        guard let audience = audience?.string else { return false }
        return audience.isExactly(issuer.identifier)
            || client.assertionAudience == .tokenEndpoint
                && [.token, .pushedAuthorization, .deviceAuthorization].contains { audience.isExactly(issuer.url($0)) }
    }

    /// Rejects a replayed assertion (RFC 7523 §3), such as one copied from a log.
    private func consume(_ jti: String, of client: Client, until expiry: Date) async throws(ClientRefusal) {
        let value = SHA256.hash(data: Array("\(client.id.rawValue)\u{0}\(jti)".utf8))
        let isFirst: Bool
        do {
            isFirst = try await singleUse.consume(Base64URL.encode(Array(value)), for: .clientAssertion, until: expiry)
        } catch {
            throw .assertion(error)
        }
        guard isFirst else { throw .assertionReplayed }
    }
}

extension ClientRefusal {
    static func assertion(_ cause: any Error) -> ClientRefusal {
        ClientRefusal(
            name: "invalid_assertion", sentence: "the client assertion is not valid (\(type(of: cause))).", cause: cause
        )
    }

    static func keysUnavailable(_ cause: UnavailableKeys) -> ClientRefusal {
        ClientRefusal(
            name: "keys_unavailable", sentence: "the keys at the client's jwks_uri can't be read.", cause: cause)
    }

    static let assertionAudience = ClientRefusal(
        name: "wrong_audience",
        sentence: """
            the aud of the client assertion must be the issuer identifier as a string (draft-ietf-oauth-rfc7523bis). \
            If the client's library sends the URL of the token endpoint, register the client with \
            token_endpoint_auth_audience: token_endpoint.
            """)
    static let assertionReplayed = ClientRefusal(
        name: "replayed_assertion", sentence: "the client assertion was already used (RFC 7523 §3).")
}

extension JSONObject {
    /// `aud`, which is a string or a list (RFC 7519 §4.1.3).
    var audience: [String] { self["aud"]?.array?.compactMap(\.string) ?? [self["aud"]?.string].compactMap(\.self) }
}

extension JSON {
    /// A NumericDate (RFC 7519 §2).
    var seconds: TimeInterval? {
        switch self {
        case .integer(let number): TimeInterval(number)
        case .number(let number): number
        case .null, .bool, .string, .array, .object: nil
        }
    }
}
