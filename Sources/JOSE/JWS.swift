/// A signed text in compact form (RFC 7515 §7.1).
package struct JWS: Sendable {
    package let header: JSONObject
    package let payload: [UInt8]
    private let signingInput: [UInt8]
    private let signature: [UInt8]
    private let algorithm: SignatureAlgorithm

    /// Longer texts are refused before they are decoded.
    private static let maximumLength = 65_536
    /// How many keys are tried for a text that names none.
    private static let maximumTries = 8

    package init(parsing compact: String) throws(JWSError) {
        let text = compact.utf8
        guard text.count <= Self.maximumLength else { throw .malformed }
        let parts = compact.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = try? Base64URL.decode(parts[0]),
            let header = try? JSONObject(parsing: headerBytes), let payload = try? Base64URL.decode(parts[1]),
            let signature = try? Base64URL.decode(parts[2]), let algorithm = header["alg"]?.string
        else { throw .malformed }
        // Every critical extension must be understood, and none is (RFC 7515 §4.1.11).
        guard header["crit"] == nil, header["b64"] == nil else { throw .criticalExtension }
        self.header = header
        self.payload = payload
        self.signature = signature
        self.algorithm = SignatureAlgorithm(rawValue: algorithm)
        signingInput = Array(text.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
    }

    /// Signs `payload` under a header of `alg`, `typ`, `kid` and the members of `header`.
    package static func sign(
        _ payload: [UInt8], type: String?, header: JSONObject = [:], with signer: any Signer
    ) async throws -> String {
        var members: JSONObject = ["alg": .string(signer.algorithm.rawValue)]
        members["typ"] = type.map(JSON.string)
        members["kid"] = signer.keyID.map(JSON.string)
        for member in header.members { members[member.name] = member.value }
        var input = Base64URL.encodeBytes(members.serialized())
        input.append(UInt8(ascii: "."))
        input += Base64URL.encodeBytes(payload)
        let signature = try await signer.sign(input)
        input.append(UInt8(ascii: "."))
        input += Base64URL.encodeBytes(signature)
        return String(decoding: input, as: UTF8.self)
    }

    /// Returns the key that made the signature. The algorithm must be one of `algorithms` and fit the key; keys that
    /// the header brings along (`jwk`, `jku`, `x5u`) are never used (RFC 8725 §3.10).
    @discardableResult
    package func verify(with keys: JWKSet, allowing algorithms: Set<SignatureAlgorithm>) throws(JWSError) -> JWK {
        guard algorithms.contains(algorithm) else { throw .algorithm }
        var candidates = keys.keys.filter { $0.supports(algorithm) }
        if let member = header["kid"] {
            guard let keyID = member.string else { throw .malformed }
            // A key without a name may have any.
            candidates = candidates.filter { $0.keyID == nil || $0.keyID == keyID }
        }
        for key in candidates.prefix(Self.maximumTries)
        where key.isValid(signature, of: signingInput, by: algorithm) {
            return key
        }
        throw candidates.isEmpty ? .unknownKey : .signature
    }
}

/// Why a text is not a signed one. Never says anything of the text.
package enum JWSError: Error, Hashable {
    case malformed, criticalExtension, algorithm, unknownKey, signature
}
