import Authenticators
import Crypto
import Foundation
import SwiftASN1
import X509

/// A root, an intermediate and a leaf, each of which a test can break before they are issued.
struct TestChain {
    struct Link {
        var name: String
        var key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        var version = Certificate.Version.v3
        var notBefore = TestChain.moment - 1_000
        var notAfter = TestChain.moment + 1_000
        var constraints: BasicConstraints? = .notCertificateAuthority
        var keyUsage: KeyUsage?
        var purposes: [ExtendedKeyUsage.Usage]?
        var others: [Certificate.Extension] = []
        var algorithm: Certificate.SignatureAlgorithm?
        /// Signs in place of the issuer.
        var forger: Certificate.PrivateKey?
    }

    static let moment = Date(timeIntervalSince1970: 1_800_000_000)

    var root = Link(
        name: "Root", constraints: .isCertificateAuthority(maxPathLength: 1), keyUsage: KeyUsage(keyCertSign: true))
    var intermediate = Link(
        name: "Intermediate", constraints: .isCertificateAuthority(maxPathLength: 0),
        keyUsage: KeyUsage(keyCertSign: true))
    var leaf = Link(name: "Leaf", keyUsage: KeyUsage(digitalSignature: true), purposes: [.clientAuth])

    init() {}

    init(_ change: (inout TestChain) throws -> Void) rethrows { try change(&self) }

    func issued() throws -> (root: X509Certificate, intermediate: X509Certificate, leaf: X509Certificate) {
        (
            try Self.issue(root, by: root), try Self.issue(intermediate, by: root),
            try Self.issue(leaf, by: intermediate)
        )
    }

    static func issue(_ link: Link, by issuer: Link) throws -> X509Certificate {
        var extensions = link.others
        if let constraints = link.constraints {
            extensions.append(try Critical(constraints).makeCertificateExtension())
        }
        if let usage = link.keyUsage { extensions.append(try Critical(usage).makeCertificateExtension()) }
        if let purposes = link.purposes {
            extensions.append(try ExtendedKeyUsage(purposes).makeCertificateExtension())
        }
        let signer = link.forger ?? issuer.key
        return try certificate(
            link, DistinguishedName { CommonName(link.name) }, by: DistinguishedName { CommonName(issuer.name) },
            Certificate.Extensions(extensions), signer)
    }

    static func certificate(
        _ link: Link, _ subject: DistinguishedName, by issuer: DistinguishedName, _ extensions: Certificate.Extensions,
        _ signer: Certificate.PrivateKey
    ) throws -> X509Certificate {
        let certificate = try Certificate(
            version: link.version, serialNumber: Certificate.SerialNumber(), publicKey: link.key.publicKey,
            notValidBefore: link.notBefore, notValidAfter: link.notAfter, issuer: issuer, subject: subject,
            signatureAlgorithm: link.algorithm ?? .ecdsaWithSHA256, extensions: extensions, issuerPrivateKey: signer)
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try X509Certificate(der: serializer.serializedBytes)
    }
}
