import Authenticators
import Crypto
import TestSupport

/// An attestation certificate (WebAuthn L3 §8.2.1) with an invalid issuer signature, which is not checked.
struct TestAttestationCertificate: Sendable {
    var key = P256.Signing.PrivateKey()
    var version: UInt8 = 2
    var subject: [(attribute: UInt8, tag: UInt8, text: String)] = [
        (6, 0x13, "AA"), (10, 0x0C, "Vendor"), (11, 0x0C, "Authenticator Attestation"), (3, 0x0C, "Key"),
    ]
    /// The value of the extension, or `nil` to omit it.
    var basicConstraints: [UInt8]? = [0x30, 0]
    var aaguid: [UInt8]?
    var isAAGUIDCritical = false
    var isAAGUIDRepeated = false

    static let unfit: [(name: String, certificate: TestAttestationCertificate)] = [
        ("version 1", changed { $0.version = 0 }), ("version 2", changed { $0.version = 1 }),
        ("no country", changed { $0.subject.remove(at: 0) }),
        ("a country in full", changed { $0.subject[0].text = "Austria" }),
        ("no vendor", changed { $0.subject.remove(at: 1) }),
        ("no unit", changed { $0.subject.remove(at: 2) }),
        ("another unit", changed { $0.subject[2].text = "authenticator attestation" }),
        ("two units", changed { $0.subject.append((11, 0x0C, "Servers")) }),
        ("no name", changed { $0.subject.remove(at: 3) }),
        ("an authority", changed { $0.basicConstraints = [0x30, 3, 1, 1, 0xFF] }),
        ("no basic constraints", changed { $0.basicConstraints = nil }),
        ("malformed basic constraints", changed { $0.basicConstraints = [0x30, 3, 1, 1] }),
        ("another model", changed { $0.aaguid = [UInt8](repeating: 8, count: 16) }),
        ("a short model", changed { $0.aaguid = [7] }),
        (
            "a critical model",
            changed {
                $0.aaguid = [UInt8](repeating: 7, count: 16)
                $0.isAAGUIDCritical = true
            }
        ),
        (
            "the model twice",
            changed {
                $0.aaguid = [UInt8](repeating: 7, count: 16)
                $0.isAAGUIDRepeated = true
            }
        ),
    ]

    private static func changed(_ change: (inout Self) -> Void) -> Self {
        var certificate = Self()
        change(&certificate)
        return certificate
    }

    func packed(for authenticator: SoftwareAuthenticator, _ clientDataJSON: [UInt8]) throws -> [CBOR: CBOR] {
        let message = authenticator.data(isNew: true) + Array(SHA256.hash(data: clientDataJSON))
        return ["alg": -7, "sig": .bytes(try sign(message)), "x5c": .array([.bytes(der)])]
    }

    func u2f(for authenticator: SoftwareAuthenticator, _ clientDataJSON: [UInt8]) throws -> [CBOR: CBOR] {
        let members = authenticator.publicKey.map ?? [:]
        let point = [4] + (members[-2]?.bytes ?? []) + (members[-3]?.bytes ?? [])
        let message =
            [0] + Array(authenticator.data(isNew: false).prefix(32))
            + Array(SHA256.hash(data: clientDataJSON)) + authenticator.credentialID + point
        return ["sig": .bytes(try sign(message)), "x5c": .array([.bytes(der)])]
    }

    private func sign(_ message: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: SHA256.hash(data: message)).derRepresentation)
    }

    var der: [UInt8] {
        let algorithm = Self.node(0x30, bytes("06082a8648ce3d040302"))
        let issuer = Self.node(0x30, [])
        let validity = Self.node(
            0x30, Self.node(0x17, Array("240101000000Z".utf8)) + Self.node(0x17, Array("490101000000Z".utf8)))
        let names = subject.flatMap { name in
            let pair = Self.node(6, [0x55, 4, name.attribute]) + Self.node(name.tag, Array(name.text.utf8))
            return Self.node(0x31, Self.node(0x30, pair))
        }
        let body =
            (version == 0 ? [] : Self.node(0xA0, Self.node(2, [version]))) + Self.node(2, [1]) + algorithm + issuer
            + validity + Self.node(0x30, names) + Array(key.publicKey.derRepresentation)
            + Self.node(0xA3, Self.node(0x30, extensions))
        // Well-formed, but not made with any key.
        let signature = Self.node(3, [0] + bytes("3006020101020101"))
        return Self.node(0x30, Self.node(0x30, body) + algorithm + signature)
    }

    private var extensions: [UInt8] {
        let constraints = basicConstraints.map {
            Self.node(0x30, Self.node(6, bytes("551d13")) + Self.node(1, [0xFF]) + Self.node(4, $0))
        }
        let model = aaguid.map {
            Self.node(
                0x30,
                Self.node(6, bytes("2b0601040182e51c010104")) + (isAAGUIDCritical ? Self.node(1, [0xFF]) : [])
                    + Self.node(4, Self.node(4, $0)))
        }
        return (constraints ?? []) + (model ?? []) + (isAAGUIDRepeated ? model ?? [] : [])
    }

    private static func node(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        switch content.count {
        case 0..<128: [tag, UInt8(content.count)] + content
        case 128..<256: [tag, 0x81, UInt8(content.count)] + content
        default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
        }
    }
}
