/// The `alg` of a signature (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). No key accepts `none`.
package struct SignatureAlgorithm: RawRepresentable, Hashable, Sendable, Codable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let es256 = SignatureAlgorithm(rawValue: "ES256")
    package static let es384 = SignatureAlgorithm(rawValue: "ES384")
    package static let es512 = SignatureAlgorithm(rawValue: "ES512")
    package static let rs256 = SignatureAlgorithm(rawValue: "RS256")
    package static let rs384 = SignatureAlgorithm(rawValue: "RS384")
    package static let rs512 = SignatureAlgorithm(rawValue: "RS512")
    package static let ps256 = SignatureAlgorithm(rawValue: "PS256")
    package static let ps384 = SignatureAlgorithm(rawValue: "PS384")
    package static let ps512 = SignatureAlgorithm(rawValue: "PS512")
    package static let ed25519 = SignatureAlgorithm(rawValue: "Ed25519")
    /// The former name of Ed25519, which doesn't say the curve (RFC 9864 §4.1.2). Martlet verifies it, but signs nothing
    /// with it.
    package static let edDSA = SignatureAlgorithm(rawValue: "EdDSA")
    package static let hs256 = SignatureAlgorithm(rawValue: "HS256")
    package static let hs384 = SignatureAlgorithm(rawValue: "HS384")
    package static let hs512 = SignatureAlgorithm(rawValue: "HS512")

    package static let asymmetric: [SignatureAlgorithm] = [
        .es256, .es384, .es512, .rs256, .rs384, .rs512, .ps256, .ps384, .ps512, .ed25519, .edDSA,
    ]
    package static let symmetric: [SignatureAlgorithm] = [.hs256, .hs384, .hs512]

    package var isSymmetric: Bool { Self.symmetric.contains(self) }
    var isKnown: Bool { isSymmetric || Self.asymmetric.contains(self) }

    var isRSA: Bool {
        switch self {
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: true
        default: false
        }
    }
}
