import Crypto
import CryptoExtras
import JOSE

/// The signature algorithm of a credential (RFC 9053, RFC 8812), most preferred first.
package enum COSEAlgorithm: Int, Sendable, CaseIterable {
    case edDSA = -8
    case es256 = -7
    case rs256 = -257
}

/// The public key of a credential (RFC 9052 §7, WebAuthn L3 §5.8.5).
package struct COSEKey: Sendable, Hashable {
    package let algorithm: COSEAlgorithm
    /// The key as the authenticator sent it, for storage.
    package let encoded: [UInt8]
    let material: SignatureKey

    /// Parses a stored key.
    package init(parsing bytes: [UInt8]) throws(COSEKeyError) {
        guard let item = try? CBOR(parsing: bytes) else { throw COSEKeyError("is not CBOR") }
        try self.init(item, encoded: bytes)
    }

    /// `encoded` holds the bytes from which `item` was parsed.
    init(_ item: CBOR, encoded: [UInt8]) throws(COSEKeyError) {
        guard let members = item.map, let number = members[Label.algorithm]?.integer else {
            throw COSEKeyError("has no algorithm")
        }
        guard let algorithm = COSEAlgorithm(rawValue: number) else {
            throw COSEKeyError("has an algorithm that was not offered", isUnknownAlgorithm: true)
        }
        self.algorithm = algorithm
        self.encoded = encoded
        material =
            switch algorithm {
            case .es256: try Self.es256(members)
            case .edDSA: try Self.edDSA(members)
            case .rs256: try Self.rs256(members)
            }
    }

    package static func == (left: COSEKey, right: COSEKey) -> Bool { left.encoded == right.encoded }
    package func hash(into hasher: inout Hasher) { hasher.combine(encoded) }

    /// The labels of RFC 9052 §7.1, RFC 9053 §7 and RFC 8230 §4.
    private enum Label {
        static let type: CBOR = 1
        static let algorithm: CBOR = 3
        static let curve: CBOR = -1
        static let x: CBOR = -2
        static let y: CBOR = -3
        static let modulus: CBOR = -1
        static let exponent: CBOR = -2
    }

    private static func es256(_ members: [CBOR: CBOR]) throws(COSEKeyError) -> SignatureKey {
        // Key type 2 is EC2, curve 1 is P-256. A compressed point, which has a bool for `y`, is refused.
        guard members.count == 5, members[Label.type] == 2, members[Label.curve] == 1,
            let x = members[Label.x]?.bytes, x.count == 32, let y = members[Label.y]?.bytes, y.count == 32,
            let key = try? P256.Signing.PublicKey(x963Representation: [4] + x + y)
        else { throw COSEKeyError("is not a valid P-256 key") }
        return .p256(key)
    }

    private static func edDSA(_ members: [CBOR: CBOR]) throws(COSEKeyError) -> SignatureKey {
        // Key type 1 is OKP, curve 6 is Ed25519.
        guard members.count == 4, members[Label.type] == 1, members[Label.curve] == 6,
            let x = members[Label.x]?.bytes, x.count == 32, !Ed25519SmallOrder.contains(x),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x)
        else { throw COSEKeyError("is not a valid Ed25519 key") }
        return .ed25519(key)
    }

    private static func rs256(_ members: [CBOR: CBOR]) throws(COSEKeyError) -> SignatureKey {
        // Key type 3 is RSA (RFC 8230 §4). The same bounds apply as for a JWK.
        guard members.count == 4, members[Label.type] == 3, let modulus = members[Label.modulus]?.bytes,
            let exponent = members[Label.exponent]?.bytes, modulus.first.map({ $0 > 0 }) == true,
            (2_048...8_192).contains(modulus.count * 8 - modulus[0].leadingZeroBitCount),
            (1...4).contains(exponent.count), exponent != [1], exponent[exponent.count - 1] & 1 == 1,
            let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent)
        else { throw COSEKeyError("is not a safe RSA key") }
        return .rsa(key)
    }
}

/// Why a COSE key is not accepted.
package struct COSEKeyError: Error, Hashable {
    package let reason: String
    /// Whether the key may be valid, but for an algorithm that is not supported.
    let isUnknownAlgorithm: Bool

    init(_ reason: String, isUnknownAlgorithm: Bool = false) {
        self.reason = reason
        self.isUnknownAlgorithm = isUnknownAlgorithm
    }
}
