import Crypto
package import FoundationEssentials
import IdentityProvider
package import JOSE

/// A client's key for DPoP proofs (RFC 9449 §4.2).
package struct DPoPKey: Sendable {
    package let key: PrivateKey
    /// The public key in the header of proofs.
    package let jwk: JSONObject

    package init(_ algorithm: SignatureAlgorithm = .es256, rsaBits: Int = 2_048) throws {
        key = try PrivateKey.generate(for: algorithm, rsaBits: rsaBits)
        var jwk = key.publicKey().object ?? [:]
        for name in ["kid", "use", "alg"] { jwk[name] = nil }
        self.jwk = jwk
    }

    package var thumbprint: String { key.publicKey().thumbprint }

    /// Returns a proof for a request. `header` and `claims` replace members; `nil` removes them.
    package func proof(
        _ method: String, _ uri: String, at moment: Date, token: String? = nil, nonce: String? = nil,
        header: [String: JSON?] = [:], claims: [String: JSON?] = [:]
    ) async throws -> String {
        var members: JSONObject = [
            "typ": "dpop+jwt", "alg": .string(key.algorithm.rawValue), "jwk": .object(jwk),
        ]
        for (name, value) in header { members[name] = value }
        var payload: JSONObject = [
            "jti": .string(Base64URL.encode(RandomBytes.make(12))), "htm": .string(method), "htu": .string(uri),
            "iat": .integer(Int(moment.timeIntervalSince1970)),
        ]
        payload["ath"] = token.map { .string(Self.hash($0)) }
        payload["nonce"] = nonce.map(JSON.string)
        for (name, value) in claims { payload[name] = value }
        return try await sign(members, payload)
    }

    /// Signs with the key, whatever the header says.
    package func sign(_ header: JSONObject, _ claims: JSONObject) async throws -> String {
        let input = Base64URL.encode(header.serialized()) + "." + Base64URL.encode(claims.serialized())
        return input + "." + Base64URL.encode(try await key.signer().sign(Array(input.utf8)))
    }

    /// `ath`: the hash of an access token.
    package static func hash(_ token: String) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array(token.utf8))))
    }
}
