import JOSE
import Testing

/// Keys that tests share, because RSA keys are slow to generate.
enum Keys {
    /// Returns a private key for `algorithm`. RSA keys are the published ones.
    static func make(_ algorithm: SignatureAlgorithm, rsa name: String = "RFC 7515 §A.2") throws -> PrivateKey {
        guard ["RS", "PS"].contains(algorithm.rawValue.prefix(2)) else { return try .generate(for: algorithm) }
        let key = try #require(SignatureVector.all.first { $0.name == name }?.key)
        return try PrivateKey(key.with("alg", .string(algorithm.rawValue)))
    }

    /// Long enough for every HMAC.
    static let secret = Array("0123456789abcdef0123456789ABCDEF-0123456789abcdef0123456789ABCDEF".utf8)
}

/// Returns the text of a compact JWS, well-formed or not.
func compact(_ header: String, _ payload: String, signature: [UInt8] = [1, 2, 3]) -> String {
    [Array(header.utf8), Array(payload.utf8), signature].map { Base64URL.encode($0) }.joined(separator: ".")
}

/// Signs any header, because our signer doesn't restrict an attacker.
func forge(_ header: String, _ payload: String, sign: ([UInt8]) async throws -> [UInt8]) async throws -> String {
    let input = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(payload.utf8)))"
    return "\(input).\(Base64URL.encode(try await sign(Array(input.utf8))))"
}
