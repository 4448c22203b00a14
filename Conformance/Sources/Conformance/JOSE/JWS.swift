import Crypto

/// A parsed, unverified JWS in compact form whose payload is a JSON object (RFC 7515 §3.1).
package struct JWS: Sendable {
    package let text: String
    package let header: [String: JSON]
    package let claims: [String: JSON]
    private let signature: [UInt8]
    private let message: [UInt8]

    /// Parses the text. Throws the reason if it is malformed.
    package init(_ text: String) throws(MalformedJWT) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw MalformedJWT(reason: "it has \(parts.count) parts instead of 3") }
        guard let header = Base64URL.decode(parts[0]).flatMap({ JSON(parsing: $0) })?.object else {
            throw MalformedJWT(reason: "its header is not a base64url-encoded JSON object")
        }
        guard let claims = Base64URL.decode(parts[1]).flatMap({ JSON(parsing: $0) })?.object else {
            throw MalformedJWT(reason: "its payload is not a base64url-encoded JSON object")
        }
        guard let signature = Base64URL.decode(parts[2]) else {
            throw MalformedJWT(reason: "its signature is not base64url")
        }
        self.text = text
        self.header = header
        self.claims = claims
        self.signature = signature
        message = Array("\(parts[0]).\(parts[1])".utf8)
    }

    package var algorithm: String? { header["alg"]?.string }
    package var keyIdentifier: String? { header["kid"]?.string }

    /// The audience as a list, also if it is a single string (RFC 7519 §4.1.3).
    package var audience: [String] {
        claims["aud"]?.strings ?? [claims["aud"]?.string].compactMap(\.self)
    }

    /// Verifies the signature with the key that `kid` names, or with any suitable key without `kid`. Throws the reason.
    package func verify(with keys: [JWK], secret: String? = nil) throws(InvalidSignature) {
        guard let algorithm else { throw InvalidSignature(reason: "the header has no alg") }
        if algorithm.hasPrefix("HS") { return try verifyHMAC(algorithm, secret) }
        let candidates = keyIdentifier.map { kid in keys.filter { $0.identifier == kid } } ?? keys
        guard !candidates.isEmpty else {
            throw InvalidSignature(reason: "no published key has the kid \(keyIdentifier ?? "")")
        }
        let isValid = candidates.contains { key in
            key.algorithm ?? algorithm == algorithm && key.use ?? "sig" == "sig"
                && key.publicKey?.isValid(signature, of: message, by: algorithm) == true
        }
        guard isValid else {
            throw InvalidSignature(reason: "the signature does not verify with the published key (alg \(algorithm))")
        }
    }

    private func verifyHMAC(_ algorithm: String, _ secret: String?) throws(InvalidSignature) {
        guard let secret, algorithm == "HS256" else {
            throw InvalidSignature(reason: "alg \(algorithm) is not supported")
        }
        let key = SymmetricKey(data: Array(secret.utf8))
        guard HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: message, using: key) else {
            throw InvalidSignature(reason: "the signature does not verify with the client secret")
        }
    }
}

package struct MalformedJWT: Error { package let reason: String }
package struct InvalidSignature: Error { package let reason: String }
