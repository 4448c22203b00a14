import Crypto
import FoundationEssentials
import JOSE

/// A proof that the sender of a request has a private key (RFC 9449 §4). Only `DPoPVerifier` creates one.
struct DPoPProof: Sendable, Hashable {
    /// `jkt`: the thumbprint of the key (RFC 9449 §6.1).
    let key: String
    let algorithm: SignatureAlgorithm
    /// The digest of the proof's identifier, unique for the key.
    let id: String
    /// Until then, the proof is remembered as used: longer than it is accepted, because the clocks of nodes differ.
    let expiresAt: Date
    /// The nonce that the sender should use from now on; `nil` if its nonce is still good.
    let nextNonce: String?

    /// The accepted algorithms, in the order of the metadata. RS256 is left out because FAPI forbids it
    /// (FAPI 2.0 Security Profile §5.4.1).
    static let algorithms: [SignatureAlgorithm] = [.es256, .es384, .ps256, .ps384, .ed25519, .edDSA]

    /// In bytes. Enough for an RSA key of 8,192 bits, the largest that is accepted.
    static let maximumLength = 4_096
    /// How old a proof may be, in seconds.
    static let maximumAge: TimeInterval = 60
    /// How far the sender's clock may differ, in seconds (FAPI 2.0 Security Profile §5.3.2.1).
    static let skew: TimeInterval = 15

    /// Validates the text of a `DPoP` field for a request to `target` (RFC 9449 §4.3). `token` is the access token that
    /// came with it. Throws `DPoPRefusal`.
    init(_ text: String, for target: DPoPTarget, token: String?, nonces: DPoPNonces, at now: Date) throws {
        guard text.utf8.count <= Self.maximumLength else { throw DPoPRefusal("the proof is too long") }
        let rules = JWTRules(
            algorithms: Set(Self.algorithms), types: ["dpop+jwt"], expiry: .ifPresent, skew: Self.skew,
            maximumAge: Self.maximumAge, required: ["jti", "htm", "htu", "iat"])
        let (jwt, key): (JWT, JWK)
        do { (jwt, key) = try JWT.proof(validating: text, rules: rules, at: now) } catch {
            throw DPoPRefusal("the proof is not valid (\(error))")
        }
        let claims = jwt.claims
        guard claims["htm"]?.string?.isExactly(target.method) == true else {
            throw DPoPRefusal("htm does not match the request")
        }
        guard let uri = claims["htu"]?.string, target.matches(uri) else {
            throw DPoPRefusal("htu does not match the request")
        }
        guard let id = claims["jti"]?.string, !id.isEmpty, let issuedAt = claims["iat"]?.seconds else {
            throw DPoPRefusal("jti must be a string")
        }
        if let token, claims["ath"]?.string?.isExactly(Self.hash(token)) != true {
            throw DPoPRefusal("ath does not match the access token")
        }
        nextNonce = try nonces.check(claims["nonce"], at: now)
        let thumbprint = key.thumbprint
        self.key = thumbprint
        self.id = Self.hash("\(thumbprint)\u{0}\(id)")
        algorithm = SignatureAlgorithm(rawValue: jwt.header["alg"]?.string ?? "")
        expiresAt = Date(timeIntervalSince1970: issuedAt + Self.maximumAge + 2 * Self.skew)
    }

    private static func hash(_ text: String) -> String { Base64URL.encode(Array(SHA256.hash(data: Array(text.utf8)))) }
}

/// Why a proof is refused.
struct DPoPRefusal: Error {
    let reason: String
    /// The nonce to use instead, if the proof lacks a good one.
    let nonce: String?

    init(_ reason: String, nonce: String? = nil) {
        self.reason = reason
        self.nonce = nonce
    }

    var code: OAuthError.Code { nonce == nil ? .invalidDPoPProof : .useDPoPNonce }
}
