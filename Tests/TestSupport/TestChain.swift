package import Authenticators
import Crypto
package import Foundation
import SwiftASN1
package import X509

/// A root, an intermediate and a leaf, each of which a test can break before they are issued.
package struct TestChain: Sendable {
    package struct Link: Sendable {
        package var name: String
        package var key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        package var version = Certificate.Version.v3
        package var notBefore = TestChain.moment - 1_000
        package var notAfter = TestChain.moment + 1_000
        package var constraints: BasicConstraints? = .notCertificateAuthority
        package var keyUsage: KeyUsage?
        package var purposes: [ExtendedKeyUsage.Usage]?
        package var others: [Certificate.Extension] = []
        package var algorithm: Certificate.SignatureAlgorithm?
        /// Signs in place of the issuer.
        package var forger: Certificate.PrivateKey?

        package init(
            name: String, constraints: BasicConstraints? = .notCertificateAuthority, keyUsage: KeyUsage? = nil,
            purposes: [ExtendedKeyUsage.Usage]? = nil
        ) {
            (self.name, self.constraints, self.keyUsage, self.purposes) = (name, constraints, keyUsage, purposes)
        }
    }

    package static let moment = Date(timeIntervalSince1970: 1_800_000_000)

    package var root = Link(
        name: "Root", constraints: .isCertificateAuthority(maxPathLength: 1), keyUsage: KeyUsage(keyCertSign: true))
    package var intermediate = Link(
        name: "Intermediate", constraints: .isCertificateAuthority(maxPathLength: 0),
        keyUsage: KeyUsage(keyCertSign: true))
    package var leaf = Link(name: "Leaf", keyUsage: KeyUsage(digitalSignature: true), purposes: [.clientAuth])

    package init() {}

    package init(_ change: (inout TestChain) throws -> Void) rethrows { try change(&self) }

    package func issued() throws -> (root: X509Certificate, intermediate: X509Certificate, leaf: X509Certificate) {
        (
            try Self.issue(root, by: root), try Self.issue(intermediate, by: root),
            try Self.issue(leaf, by: intermediate)
        )
    }

    package static func issue(_ link: Link, by issuer: Link) throws -> X509Certificate {
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

    package static func certificate(
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

extension TestChain {
    /// A chain as its client presents it, with the leaf's key and the root that a server must trust.
    package struct Presentation: Sendable {
        /// In DER, the leaf first.
        package let certificates: [[UInt8]]
        package let leaf: X509Certificate
        package let root: X509Certificate
        /// In PEM.
        package let key: String
    }

    package func presented() throws -> Presentation {
        let (root, intermediate, leaf) = try issued()
        return Presentation(
            certificates: [leaf.der, intermediate.der], leaf: leaf, root: root,
            key: try self.leaf.key.serializeAsPEM().pemString)
    }

    /// Writes certificates in PEM.
    package static func pem(_ certificates: [UInt8]...) -> String {
        certificates.map { PEMDocument(type: "CERTIFICATE", derBytes: $0).pemString + "\n" }.joined()
    }
}
