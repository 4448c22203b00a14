import Foundation

/// The credentials that a client adds to a token request (RFC 6749 §2.3, OpenID Connect Core §9).
package struct ClientAuthentication: Sendable {
    package var headers: [Parameter] = []
    package var form: [Parameter] = []

    package init() {}

    /// Uses the registered method. `audience` is the audience of an assertion.
    package init(_ registration: Registration, audience: String) throws {
        let secret = registration.clientSecret ?? ""
        switch registration.method {
        case "client_secret_basic": headers = [Self.basic(registration.clientID, secret)]
        case "client_secret_post":
            form = [Parameter("client_id", registration.clientID), Parameter("client_secret", secret)]
        case "client_secret_jwt":
            form = try Self.assertion(Self.claims(registration, audience), by: .secret(secret))
        case "private_key_jwt":
            guard let key = registration.privateKey.flatMap(SigningKey.init) else {
                throw InvalidTarget(reason: "the client \(registration.clientID) needs a private_key (a P-256 JWK)")
            }
            form = try Self.assertion(Self.claims(registration, audience), by: key, registration.privateKey?["kid"])
        default: form = [Parameter("client_id", registration.clientID)]
        }
    }

    /// Returns the header field for Basic authentication, with both parts form-encoded (RFC 6749 §2.3.1).
    package static func basic(_ identifier: String, _ secret: String) -> Parameter {
        let pair = "\(FormEncoding.encode(identifier)):\(FormEncoding.encode(secret))"
        return Parameter("Authorization", "Basic \(Data(pair.utf8).base64EncodedString())")
    }

    /// Returns valid claims of an assertion (RFC 7523 §3).
    package static func claims(_ registration: Registration, _ audience: String) -> [String: JSON] {
        let now = Date().timeIntervalSince1970.rounded(.down)
        return [
            "iss": .string(registration.clientID), "sub": .string(registration.clientID), "aud": .string(audience),
            "jti": .string(.random()), "iat": .number(now), "exp": .number(now + 60),
        ]
    }

    package static func assertion(
        _ claims: [String: JSON], by key: SigningKey, _ identifier: JSON? = nil
    ) throws -> [Parameter] {
        let header = identifier.map { ["kid": $0] } ?? [:]
        return [
            Parameter("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            Parameter("client_assertion", try key.sign(claims, header: header)),
        ]
    }
}
