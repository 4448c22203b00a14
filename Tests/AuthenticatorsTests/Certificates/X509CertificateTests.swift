import Authenticators
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@Suite("RFC 5280: fields of a certificate")
struct X509CertificateTests {
    /// From RFC 8705 Appendix A.
    private static let example = """
        -----BEGIN CERTIFICATE-----
        MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
        ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
        SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
        /Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
        SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
        bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
        -----END CERTIFICATE-----
        """

    private func certificate(
        _ subject: DistinguishedName, _ extensions: [Certificate.Extension] = []
    ) throws -> X509Certificate {
        let link = TestChain.Link(name: "Leaf")
        return try TestChain.certificate(
            link, subject, by: DistinguishedName(), Certificate.Extensions(extensions), link.key)
    }

    @Test("RFC 8705 Appendix A: the thumbprint of the example certificate")
    func thumbprint() throws {
        let certificates = try X509Certificate.parse(pem: Self.example + "\n" + Self.example)
        #expect(certificates.count == 2)
        #expect(certificates[0].thumbprint == "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0")
        #expect(certificates[0].subject == "CN=mtls")
        #expect(certificates[0].notBefore == Date(timeIntervalSince1970: 1_539_866_229))
        #expect(certificates[0].notAfter == Date(timeIntervalSince1970: 1_651_495_029))
        #expect(try AlternativeNames(of: certificates[0]) == AlternativeNames(of: certificates[1]))
        #expect(try AlternativeNames(of: certificates[0]).dnsNames.isEmpty)
    }

    @Test("a file without certificates is refused")
    func notPEM() throws {
        for text in [
            "", "no certificate", Self.example.replacing("CERTIFICATE", with: "PRIVATE KEY"),
            Self.example.replacing("MIIB", with: "MIIC"), Self.example.replacing("-----END", with: "----END"),
        ] {
            #expect(throws: InvalidCertificate.self, "\(text)") { try X509Certificate.parse(pem: text) }
        }
        let der = try X509Certificate.parse(pem: Self.example)[0].der
        #expect(throws: InvalidCertificate.self) { try X509Certificate(der: der + [0]) }
        #expect(throws: InvalidCertificate.self) { try X509Certificate(der: der.dropLast()) }
    }

    @Test("RFC 4514 §4: subjects as text")
    func subjects() throws {
        let net = [
            try RelativeDistinguishedName.Attribute(type: .RDNAttributeType.domainComponent, ia5String: "net"),
            try RelativeDistinguishedName.Attribute(type: .RDNAttributeType.domainComponent, ia5String: "example"),
        ].map { RelativeDistinguishedName($0) }
        func name(_ text: String, _ type: ASN1ObjectIdentifier = .RDNAttributeType.commonName)
            -> RelativeDistinguishedName.Attribute
        { RelativeDistinguishedName.Attribute(type: type, utf8String: text) }
        let unknown = RelativeDistinguishedName.Attribute(
            type: [1, 3, 6, 1, 4, 1, 1466, 0],
            value: try ASN1Any(erasing: ASN1OctetString(contentBytes: [0x48, 0x69])))
        let email = name("a@b", .RDNAttributeType.emailAddress)
        let examples: [([RelativeDistinguishedName.Attribute], String)] = [
            ([name("jsmith", [0, 9, 2342, 19_200_300, 100, 1, 1])], "UID=jsmith,DC=example,DC=net"),
            (
                [name("J.  Smith"), name("Sales", .RDNAttributeType.organizationalUnitName)],
                "OU=Sales+CN=J.  Smith,DC=example,DC=net"
            ),
            ([name("James \"Jim\" Smith, III")], "CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net"),
            ([name("Before\rAfter")], "CN=Before\\0dAfter,DC=example,DC=net"),
            ([unknown], "1.3.6.1.4.1.1466.0=#04024869,DC=example,DC=net"),
            ([name("Lučić")], "CN=Lučić,DC=example,DC=net"),
            ([name(" # <a>;b\\c+d ")], "CN=\\ # \\<a\\>\\;b\\\\c\\+d\\ ,DC=example,DC=net"),
            ([name("#1")], "CN=\\#1,DC=example,DC=net"), ([name(" ")], "CN=\\ ,DC=example,DC=net"),
            ([name("a\u{0}b")], "CN=a\\00b,DC=example,DC=net"),
            ([email], "1.2.840.113549.1.9.1=#0c03614062,DC=example,DC=net"),
        ]
        for (attributes, expected) in examples {
            let subject = DistinguishedName(net + [RelativeDistinguishedName(attributes)])
            #expect(try certificate(subject).subject == expected)
        }
        #expect(try certificate(DistinguishedName()).subject == "")
    }

    @Test("RFC 8705 §2.1.2: subjects are compared by bytes, and one that isn't UTF-8 matches nothing")
    func comparison() throws {
        func subject(_ text: String) throws -> X509Certificate {
            try certificate(
                DistinguishedName([
                    RelativeDistinguishedName(.init(type: .RDNAttributeType.commonName, utf8String: text))
                ]))
        }
        #expect(try subject("caf\u{E9}").hasSubject("CN=caf\u{E9}"))
        #expect(try !subject("caf\u{E9}").hasSubject("CN=cafe\u{301}"))
        #expect(try !subject("client").hasSubject("CN=Client"))
        // The bytes of a UTF8String that isn't UTF-8 are lost when the certificate is parsed.
        for content in [[0xFF], [0xC0, 0x80]] as [[UInt8]] {
            let broken = RelativeDistinguishedName.Attribute(
                type: .RDNAttributeType.commonName,
                value: .init(asn1Any: try ASN1Any(derEncoded: [0x0C, UInt8(content.count)] + content)))
            let certificate = try certificate(DistinguishedName([RelativeDistinguishedName(broken)]))
            #expect(!certificate.hasSubject(certificate.subject))
        }
        #expect(try !subject("\u{FFFD}").hasSubject("CN=\u{FFFD}"))
    }

    @Test("RFC 8705 §2.1.2: subject alternative names by type")
    func alternativeNames() throws {
        let names = SubjectAlternativeNames([
            .dnsName("client.example"), .dnsName("*.example"), .uniformResourceIdentifier("https://client.example/id"),
            .rfc822Name("ops@client.example"), .ipAddress(ASN1OctetString(contentBytes: [192, 0, 2, 1])),
            .ipAddress(ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 15)[...] + [1])),
            .registeredID([1, 2, 3]),
        ])
        let read = try AlternativeNames(
            of: certificate(DistinguishedName(), [Critical(names).makeCertificateExtension()]))
        #expect(read.dnsNames == ["client.example", "*.example"])
        #expect(read.uris == ["https://client.example/id"])
        #expect(read.emails == ["ops@client.example"])
        #expect(read.addresses == [[192, 0, 2, 1], [UInt8](repeating: 0, count: 15) + [1]])
        #expect(read.contains(dnsName: "*.example") && !read.contains(dnsName: "any.example"))
        // U+212A, the Kelvin sign, is canonically equivalent to K.
        #expect("\u{212A}" == "K")
        let kelvin = try AlternativeNames(
            of: certificate(
                DistinguishedName(),
                [Critical(SubjectAlternativeNames([.dnsName("K")])).makeCertificateExtension()]))
        #expect(kelvin.contains(dnsName: "K") && !kelvin.contains(dnsName: "\u{212A}"))
        #expect(read.contains(uri: "https://client.example/id") && !read.contains(uri: "https://client.example/ID"))
        #expect(read.contains(email: "ops@client.example") && !read.contains(email: "client.example"))
        #expect(read.contains(address: [192, 0, 2, 1]) && !read.contains(address: [192, 0, 2, 2]))
        let odd = SubjectAlternativeNames([.ipAddress(ASN1OctetString(contentBytes: [1, 2, 3]))])
        #expect(throws: InvalidCertificate.self) {
            try AlternativeNames(of: certificate(DistinguishedName(), [Certificate.Extension(odd, critical: false)]))
        }
    }
}
