/// A JWS in compact serialization (RFC 7515 §7.1).
package struct JWS: Sendable {
    package let header: JSONObject
    package let payload: [UInt8]
    private let algorithm: SignatureAlgorithm
    private let signingInput: [UInt8]
    private let signature: [UInt8]

    /// Longer texts are refused before they are decoded. In bytes.
    private static let maximumLength = 65_536
    /// The maximum number of keys tried for one signature. Each try is costly, and the text is untrusted.
    private static let maximumTries = 8

    package init(parsing compact: String) throws(JWSError) {
        let text = compact.utf8
        guard text.count <= Self.maximumLength else { throw .malformed }
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = try? Base64URL.decode(utf8: parts[0]),
            let header = try? JSONObject(parsing: headerBytes), let payload = try? Base64URL.decode(utf8: parts[1]),
            let signature = try? Base64URL.decode(utf8: parts[2]), let algorithm = header["alg"]?.string
        else { throw .malformed }
        // RFC 7515 §4.1.4, §4.1.9, §4.1.10.
        for name in ["kid", "typ", "cty"] where header[name] != nil && header[name]?.string == nil { throw .malformed }
        // Critical extensions must be understood, and none is supported (RFC 7515 §4.1.11),
        // including `b64` (RFC 7797 §6).
        guard header["crit"] == nil, header["b64"] == nil else { throw .criticalExtension }
        self.header = header
        self.payload = payload
        self.algorithm = SignatureAlgorithm(rawValue: algorithm)
        signingInput = Array(text.prefix(parts[0].count + 1 + parts[1].count))
        self.signature = signature
    }

    /// Signs `payload` under a header of `alg`, `typ`, `kid`, and those members of `header` that have other names.
    package static func sign(
        _ payload: [UInt8], type: String?, header: JSONObject = [:], with signer: any Signer
    ) async throws -> String {
        var members: JSONObject = ["alg": .string(signer.algorithm.rawValue)]
        members["typ"] = type.map(JSON.string)
        members["kid"] = signer.keyID.map(JSON.string)
        for (name, value) in header.members where members[name] == nil { members[name] = value }
        var text = Base64URL.encodeBytes(members.serialized())
        text.append(UInt8(ascii: "."))
        text += Base64URL.encodeBytes(payload)
        let signature = try await signer.sign(text)
        text.append(UInt8(ascii: "."))
        text += Base64URL.encodeBytes(signature)
        return String(decoding: text, as: UTF8.self)
    }

    /// Returns the key that made the signature. The algorithm must be in `algorithms` and match the key. Keys in the
    /// header (`jwk`, `jku`, `x5c`, `x5u`) are never used (RFC 8725 §3.10).
    @discardableResult
    package func verify(with keys: JWKSet, allowing algorithms: Set<SignatureAlgorithm>) throws(JWSError) -> JWK {
        guard algorithms.contains(algorithm) else { throw .algorithm }
        let candidates = keys.keys.filter { $0.supports(algorithm) && mayBe($0) }
        guard !candidates.isEmpty else { throw .unknownKey }
        for key in candidates.prefix(Self.maximumTries)
        where key.isValid(signature, of: signingInput, by: algorithm) {
            return key
        }
        throw .signature
    }

    /// Returns whether the header may refer to `key`: if both have a `kid`, the two must be equal (RFC 7515 §4.1.4).
    private func mayBe(_ key: JWK) -> Bool {
        guard let wanted = header["kid"]?.string, let keyID = key.keyID else { return true }
        return wanted.isExactly(keyID)
    }
}

/// Why a text is not a valid JWS. Contains nothing from the text.
package enum JWSError: Error, Hashable {
    /// Not three parts of strict base64url, or without a header that is strict JSON.
    case malformed
    case criticalExtension
    /// The algorithm is not allowed.
    case algorithm
    /// No key matches the `kid` and the algorithm.
    case unknownKey
    case signature
}
