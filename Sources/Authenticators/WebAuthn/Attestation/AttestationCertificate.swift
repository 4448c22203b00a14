import Crypto
import CryptoExtras
import SwiftASN1

/// What attestation asks of a certificate (RFC 5280 §4.1): its key, and the demands of WebAuthn L3 §8.2.1.
struct AttestationCertificate: Sendable {
    let key: SignatureKey
    /// As encoded: 2 is version 3.
    private let version: Int
    private let subject: [ASN1ObjectIdentifier: [String]]
    private let extensions: [CertificateExtension]

    init(parsing der: [UInt8]) throws(WebAuthnRefusal) {
        do {
            let parts = try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
                let body = try ToBeSigned(derEncoded: &nodes)
                // The issuer's signature: its trust is not asked for.
                guard nodes.next() != nil, nodes.next() != nil else { throw Malformed() }
                return body
            }
            key = try SignatureKey(subjectPublicKeyInfo: parts.key)
            version = parts.version
            subject = parts.subject
            extensions = parts.extensions
        } catch {
            throw WebAuthnRefusal("8.2.1", "the certificate is malformed, or its key of another kind")
        }
    }

    /// WebAuthn L3 §8.2.1, and of §8.2 that the model within the certificate is the one that answered.
    func checkPackedRequirements(aaguid: [UInt8]) throws(WebAuthnRefusal) {
        func demand(_ holds: Bool, _ reason: String) throws(WebAuthnRefusal) {
            guard holds else { throw WebAuthnRefusal("8.2.1", "the certificate \(reason)") }
        }
        try demand(version == 2, "is not of version 3")
        try demand(subject[.country]?.allSatisfy { $0.utf8.count == 2 } == true, "names no country")
        try demand(subject[.organization] != nil, "names no vendor")
        try demand(subject[.organizationalUnit] == ["Authenticator Attestation"], "is for another use")
        try demand(subject[.commonName] != nil, "names nothing")
        let constraints = extensions.first { $0.id == .basicConstraints }
        try demand(constraints.map { (try? $0.isAuthority()) == false } == true, "is an authority's")
        guard let model = extensions.first(where: { $0.id == .aaguid }) else { return }
        try demand(!model.isCritical, "has a critical AAGUID")
        let value = try? ASN1OctetString(derEncoded: model.value)
        try demand(value.map { Array($0.bytes) == aaguid } == true, "has another AAGUID")
    }
}

/// The parts of a `TBSCertificate` that count here.
private struct ToBeSigned {
    let version: Int
    let subject: [ASN1ObjectIdentifier: [String]]
    let key: ASN1Node
    let extensions: [CertificateExtension]

    init(derEncoded nodes: inout ASN1NodeCollection.Iterator) throws {
        guard let body = nodes.next() else { throw Malformed() }
        self = try DER.sequence(body, identifier: .sequence) { nodes in
            let version = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) { node in
                try Int(derEncoded: node)
            }
            // Serial number, signature algorithm, issuer, validity.
            for _ in 0..<4 { guard nodes.next() != nil else { throw Malformed() } }
            guard let subject = nodes.next(), let key = nodes.next() else { throw Malformed() }
            let extensions = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 3, tagClass: .contextSpecific) {
                try DER.sequence(of: CertificateExtension.self, identifier: .sequence, rootNode: $0)
            }
            return try ToBeSigned(
                version: version ?? 0, subject: Self.names(subject), key: key, extensions: extensions ?? [])
        }
    }

    private init(
        version: Int, subject: [ASN1ObjectIdentifier: [String]], key: ASN1Node, extensions: [CertificateExtension]
    ) throws {
        // RFC 5280 §4.2: an extension stands once.
        guard Set(extensions.map(\.id)).count == extensions.count else { throw Malformed() }
        self.version = version
        self.subject = subject
        self.key = key
        self.extensions = extensions
    }

    /// A `Name`: its texts by attribute; others than texts are left out.
    private static func names(_ node: ASN1Node) throws -> [ASN1ObjectIdentifier: [String]] {
        var names: [ASN1ObjectIdentifier: [String]] = [:]
        try DER.sequence(node, identifier: .sequence) { sets in
            while let set = sets.next() {
                for (id, text) in try DER.set(of: NameAttribute.self, identifier: .set, rootNode: set).map(\.pair) {
                    if let text { names[id, default: []].append(text) }
                }
            }
        }
        return names
    }
}

/// An `AttributeTypeAndValue` (RFC 5280 §4.1.2.4).
private struct NameAttribute: DERParseable {
    let pair: (ASN1ObjectIdentifier, String?)

    init(derEncoded node: ASN1Node) throws {
        pair = try DER.sequence(node, identifier: .sequence) { nodes in
            let id = try ASN1ObjectIdentifier(derEncoded: &nodes)
            guard let value = nodes.next() else { throw Malformed() }
            switch value.identifier {
            case .utf8String: return (id, try String(ASN1UTF8String(derEncoded: value)))
            case .printableString: return (id, try String(ASN1PrintableString(derEncoded: value)))
            default: return (id, nil)
            }
        }
    }
}

/// An extension of a certificate (RFC 5280 §4.1.2.9).
private struct CertificateExtension: DERParseable, Sendable {
    let id: ASN1ObjectIdentifier
    let isCritical: Bool
    let value: [UInt8]

    init(derEncoded node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { nodes in
            CertificateExtension(
                id: try ASN1ObjectIdentifier(derEncoded: &nodes),
                isCritical: try DER.decodeDefault(&nodes, defaultValue: false),
                value: Array(try ASN1OctetString(derEncoded: &nodes).bytes))
        }
    }

    private init(id: ASN1ObjectIdentifier, isCritical: Bool, value: [UInt8]) {
        self.id = id
        self.isCritical = isCritical
        self.value = value
    }

    /// Of `BasicConstraints` (RFC 5280 §4.2.1.9).
    func isAuthority() throws -> Bool {
        try DER.sequence(try DER.parse(value), identifier: .sequence) { nodes in
            let isAuthority = try DER.decodeDefault(&nodes, defaultValue: false)
            _ = try DER.decodeDefault(&nodes, defaultValue: 0)
            return isAuthority
        }
    }
}

extension SignatureKey {
    /// Of a `SubjectPublicKeyInfo` (RFC 5280 §4.1).
    fileprivate init(subjectPublicKeyInfo node: ASN1Node) throws {
        let der = Array(node.encodedBytes)
        if let key = try? P256.Signing.PublicKey(derRepresentation: der) {
            self = .p256(key)
        } else if der.count == Self.ed25519Prefix.count + 32, der.starts(with: Self.ed25519Prefix) {
            self = .ed25519(try Curve25519.Signing.PublicKey(rawRepresentation: der.suffix(32)))
        } else {
            self = .rsa(try _RSA.Signing.PublicKey(derRepresentation: der))
        }
    }

    /// All that stands before the point of an Ed25519 key (RFC 8410 §4).
    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]
}

extension ASN1ObjectIdentifier {
    fileprivate static let commonName: ASN1ObjectIdentifier = [2, 5, 4, 3]
    fileprivate static let country: ASN1ObjectIdentifier = [2, 5, 4, 6]
    fileprivate static let organization: ASN1ObjectIdentifier = [2, 5, 4, 10]
    fileprivate static let organizationalUnit: ASN1ObjectIdentifier = [2, 5, 4, 11]
    fileprivate static let basicConstraints: ASN1ObjectIdentifier = [2, 5, 29, 19]
    /// `id-fido-gen-ce-aaguid`.
    fileprivate static let aaguid: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 45_724, 1, 1, 4]
}

private struct Malformed: Error {}
