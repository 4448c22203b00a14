/// A signed text in compact form (RFC 7515 §7.1).
package struct JWS: Sendable {
    package let header: JSONObject
    package let payload: [UInt8]
    private let algorithm: SignatureAlgorithm
    private let signingInput: [UInt8]
    private let signature: [UInt8]

    /// Longer texts are refused before they are decoded.
    private static let maximumLength = 65_536
    /// How many keys are tried for one text: each costs, and the text is a stranger's.
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
        // Every critical extension must be understood, and none is (RFC 7515 §4.1.11); `b64` is one (RFC 7797 §6).
        guard header["crit"] == nil, header["b64"] == nil else { throw .criticalExtension }
        self.header = header
        self.payload = payload
        self.algorithm = SignatureAlgorithm(rawValue: algorithm)
        signingInput = Array(text.prefix(parts[0].count + 1 + parts[1].count))
        self.signature = signature
    }

    /// Signs `payload` under a header of `alg`, `typ`, `kid` and those members of `header` that are none of them.
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

    /// Returns the key that made the signature. The algorithm must be one of `algorithms` and fit the key; keys that
    /// the header brings along (`jwk`, `jku`, `x5c`, `x5u`) are never used (RFC 8725 §3.10).
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

    /// Whether the header may mean `key`: a name on both sides must be the same (RFC 7515 §4.1.4).
    private func mayBe(_ key: JWK) -> Bool {
        guard let wanted = header["kid"]?.string, let keyID = key.keyID else { return true }
        return wanted.isExactly(keyID)
    }
}

/// Why a text is not a signed one. Never says anything of the text.
package enum JWSError: Error, Hashable {
    /// Not three parts of strict base64url, or no header that is strict JSON.
    case malformed
    case criticalExtension
    /// Not one of those allowed.
    case algorithm
    /// No key has the name and fits the algorithm.
    case unknownKey
    case signature
}
