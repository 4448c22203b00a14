import Crypto
import Foundation

/// A DPoP proof before it is signed (RFC 9449 §4.2). Modules change it to make proofs that a provider must reject.
package struct DPoPProof: Sendable {
    package var header: [String: JSON]
    package var claims: [String: JSON]
    package var key: SigningKey

    /// A valid proof for a request. `token` is the access token that the request presents.
    package init(
        _ method: String, _ address: WebAddress, by key: SigningKey, token: String? = nil, nonce: String? = nil,
        at now: Double = Date().timeIntervalSince1970
    ) {
        self.key = key
        header = [
            "typ": "dpop+jwt", "alg": .string(key.algorithm), "jwk": .object(key.publicJWK?.members ?? [:]),
        ]
        claims = [
            "jti": .string(.random()), "htm": .string(method), "htu": .string(address.base),
            "iat": .number(now.rounded(.down)),
        ]
        if let token { claims["ath"] = .string(Self.hash(token)) }
        if let nonce { claims["nonce"] = .string(nonce) }
    }

    package func signed() throws -> String { try key.sign(claims, exactly: header) }

    /// The hash of an access token in `ath` (RFC 9449 §4.2).
    package static func hash(_ token: String) -> String { Base64URL.encode(SHA256.hash(data: Array(token.utf8))) }
}
