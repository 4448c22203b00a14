import Crypto
import FoundationEssentials
import JOSE

/// An ID Token of an upstream that passed the checks of OpenID Connect Core §3.1.3.7.
struct UpstreamIDToken: Sendable {
    let claims: JSONObject
    let subject: String

    /// Throws `JWTError` or `UpstreamMistake`.
    init(
        validating text: String, with keys: JWKSet, from issuer: String, for clientID: String, nonce: String,
        accessToken: String, at now: Date
    ) throws {
        // Only asymmetric algorithms: with HS256, everyone who knows the client secret could sign.
        let rules = JWTRules(
            algorithms: Set(SignatureAlgorithm.asymmetric), issuer: issuer, audiences: [clientID],
            required: ["iss", "sub", "aud", "exp", "iat"])
        let token = try JWT(validating: text, with: keys, rules: rules, at: now)
        claims = token.claims
        // Step 3: an audience that is not trusted could use the token against us.
        if let audiences = claims["aud"]?.array, audiences.contains(where: { $0.string?.isExactly(clientID) != true }) {
            throw UpstreamMistake("aud of the ID Token names another client besides client_id")
        }
        // Step 5.
        if let party = claims["azp"], party.string?.isExactly(clientID) != true {
            throw UpstreamMistake("azp of the ID Token is not client_id")
        }
        // Step 11: binds the ID Token to this browser's request, which prevents code injection (RFC 9700 §4.5.3.2).
        guard let named = claims["nonce"]?.string, ConstantTime.equal(Array(named.utf8), Array(nonce.utf8)) else {
            throw UpstreamMistake("nonce of the ID Token is not that of the request")
        }
        if let hash = claims["at_hash"] {
            guard hash.string == Self.halfHash(accessToken, header: token.header) else {
                throw UpstreamMistake("at_hash of the ID Token does not match the access token")
            }
        }
        guard let subject = claims["sub"]?.string, Self.isSubject(subject) else {
            throw UpstreamMistake("sub of the ID Token is not 1 to 255 printable ASCII characters")
        }
        self.subject = subject
    }

    /// OpenID Connect Core §2: at most 255 ASCII characters.
    static func isSubject(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Returns `at_hash` (OpenID Connect Core §3.1.3.6) with the hash function of the header's algorithm.
    private static func halfHash(_ token: String, header: JSONObject) -> String {
        let bytes = Array(token.utf8)
        let hash: [UInt8] =
            switch header["alg"]?.string?.suffix(3) {
            case "384": Array(SHA384.hash(data: bytes))
            case "512", "DSA": Array(SHA512.hash(data: bytes))
            default: Array(SHA256.hash(data: bytes))
            }
        return Base64URL.encode(Array(hash.prefix(hash.count / 2)))
    }
}
