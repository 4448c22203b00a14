import Crypto
import FoundationEssentials

/// A key that verifies signatures, public or shared (RFC 7517, RFC 7518 §6, RFC 8037 §2). Printing or reflecting it
/// reveals no key material.
package struct JWK: Sendable {
    package let keyID: String?
    package let algorithm: SignatureAlgorithm?
    package let use: String?
    /// The key's certificate in DER, the first of `x5c` (RFC 7517 §4.7). Empty if `x5c` is malformed. Not verified.
    package let certificate: [UInt8]?
    let material: VerificationKey
    /// Whether neither `use` nor `key_ops` reserves the key for another purpose.
    private let isForSignatures: Bool

    /// Parses a public JWK. Throws for a key of the wrong size, off its curve, or with private members.
    package init(_ object: JSONObject) throws(JWKError) {
        // A private key that has been transmitted is compromised (RFC 7517 §9.2).
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] where object[name] != nil {
            throw JWKError(reason: "contains private key material (\(name))")
        }
        let algorithm = try Self.text("alg", object).map(SignatureAlgorithm.init(rawValue:))
        let use = try Self.text("use", object)
        let operations = try Self.operations(object)
        let material = try VerificationKey(object)
        if let algorithm, algorithm.isKnown, !material.canVerify(algorithm) {
            throw JWKError(reason: "has an alg that does not match its type")
        }
        self.init(
            material, keyID: try Self.text("kid", object), algorithm: algorithm, use: use,
            certificate: Self.certificate(object),
            isForSignatures: (use == nil || use == "sig") && operations?.contains("verify") != false)
    }

    /// Creates a key from a secret that both sides know, for `client_secret_jwt`.
    package init(symmetric secret: [UInt8], keyID: String? = nil) {
        self.init(.symmetric(SymmetricKey(data: secret)), keyID: keyID, algorithm: nil, use: nil)
    }

    init(
        _ material: VerificationKey, keyID: String?, algorithm: SignatureAlgorithm?, use: String?,
        certificate: [UInt8]? = nil, isForSignatures: Bool = true
    ) {
        self.material = material
        self.keyID = keyID
        self.algorithm = algorithm
        self.use = use
        self.certificate = certificate
        self.isForSignatures = isForSignatures
    }

    /// The public form; `nil` for a shared secret, which is never published.
    package var object: JSONObject? {
        guard var object = material.members else { return nil }
        object["use"] = use.map(JSON.string)
        object["alg"] = (algorithm?.rawValue).map(JSON.string)
        object["kid"] = keyID.map(JSON.string)
        return object
    }

    /// Returns whether the key may verify signatures of `algorithm`: its type, size, `alg`,
    /// `use` and `key_ops` must agree.
    package func supports(_ algorithm: SignatureAlgorithm) -> Bool {
        isForSignatures && (self.algorithm == nil || self.algorithm == algorithm) && material.canVerify(algorithm)
    }

    package func isValid(_ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm) -> Bool {
        supports(algorithm) && material.isValid(signature, of: message, by: algorithm)
    }

    private static func text(_ name: String, _ object: JSONObject) throws(JWKError) -> String? {
        guard let member = object[name] else { return nil }
        guard let text = member.string else { throw JWKError(reason: "has a \(name) that is not a string") }
        return text
    }

    /// Unlike the other members, a malformed `x5c` is no error: the key itself doesn't depend on it.
    private static func certificate(_ object: JSONObject) -> [UInt8]? {
        guard let member = object["x5c"] else { return nil }
        let first = member.array?.first?.string.flatMap { Data(base64Encoded: $0) }
        return first.map(Array.init) ?? []
    }

    /// Returns the operations that the key is for (RFC 7517 §4.3): strings without duplicates.
    private static func operations(_ object: JSONObject) throws(JWKError) -> Set<String>? {
        guard let member = object["key_ops"] else { return nil }
        let names = member.array?.compactMap(\.string)
        guard let names, names.count == member.array?.count, Set(names).count == names.count else {
            throw JWKError(reason: "has malformed key_ops")
        }
        return Set(names)
    }
}

extension JWK: CustomStringConvertible, CustomReflectable {
    package var description: String { "JWK(kid: \(keyID ?? "none"))" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Why a JSON object is not a valid key.
package struct JWKError: Error, CustomStringConvertible {
    package let reason: String
    /// Whether the type or curve is unsupported here, but may be valid (RFC 7517 §5).
    let isUnknownType: Bool

    init(reason: String, isUnknownType: Bool = false) {
        self.reason = reason
        self.isUnknownType = isUnknownType
    }

    package var description: String { reason }
}
