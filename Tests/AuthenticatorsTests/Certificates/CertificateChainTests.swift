import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import Authenticators

@Suite("RFC 5280 §6: certificate path validation")
struct CertificateChainTests {
    /// The reason the chain is refused, or `nil` if it is trusted.
    private func refusal(_ chain: TestChain, for purpose: ChainPolicy.Purpose = .clientAuthentication) async throws
        -> String?
    {
        let (root, intermediate, leaf) = try chain.issued()
        return await refusal(leaf, [intermediate], to: [root], for: purpose)
    }

    private func refusal(
        _ leaf: X509Certificate, _ intermediates: [X509Certificate], to roots: [X509Certificate],
        for purpose: ChainPolicy.Purpose = .clientAuthentication
    ) async -> String? {
        do {
            try await TrustAnchors(roots).verify(
                leaf, intermediates: intermediates, at: TestChain.moment, under: ChainPolicy(for: purpose))
            return nil
        } catch { return error.reason }
    }

    @Test("a chain that satisfies every rule is trusted")
    func trusted() async throws {
        #expect(try await refusal(TestChain()) == nil)
        #expect(try await refusal(TestChain { $0.leaf.purposes = nil }) == nil)
        #expect(try await refusal(TestChain { $0.leaf.purposes = [.any] }) == nil)
        #expect(try await refusal(TestChain { $0.leaf.keyUsage = nil }) == nil)
        // The caller checks the alternative names, so the extension may be critical.
        let name = SubjectAlternativeNames([.dnsName("client.example")])
        #expect(try await refusal(TestChain { $0.leaf.others = [try .init(name, critical: true)] }) == nil)
    }

    @Test("a chain that breaks any rule is refused")
    func broken() async throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let unknown = Certificate.Extension(oid: [1, 2, 3], critical: true, value: [5, 0])
        let constraint = NameConstraints(permittedSubtrees: [.dnsName("example")])
        let elsewhere = SubjectAlternativeNames([.dnsName("client.test")])
        let changes: [(String, (inout TestChain) throws -> Void)] = [
            ("leaf expired", { $0.leaf.notAfter = TestChain.moment - 1 }),
            ("leaf not yet valid", { $0.leaf.notBefore = TestChain.moment + 1 }),
            ("intermediate expired", { $0.intermediate.notAfter = TestChain.moment - 1 }),
            ("root expired", { $0.root.notAfter = TestChain.moment - 1 }),
            ("leaf forged", { $0.leaf.forger = key }), ("intermediate forged", { $0.intermediate.forger = key }),
            ("intermediate is no authority", { $0.intermediate.constraints = .notCertificateAuthority }),
            ("intermediate says nothing", { $0.intermediate.constraints = nil }),
            ("root is no authority", { $0.root.constraints = .notCertificateAuthority }),
            ("path too long", { $0.root.constraints = .isCertificateAuthority(maxPathLength: 0) }),
            ("intermediate may not sign", { $0.intermediate.keyUsage = KeyUsage(digitalSignature: true) }),
            ("root may not sign", { $0.root.keyUsage = KeyUsage(cRLSign: true) }),
            ("leaf is for servers", { $0.leaf.purposes = [.serverAuth] }),
            ("leaf may not sign", { $0.leaf.keyUsage = KeyUsage(keyEncipherment: true) }),
            ("unknown critical extension in the leaf", { $0.leaf.others = [unknown] }),
            ("unknown critical extension in the intermediate", { $0.intermediate.others = [unknown] }),
            (
                "a name outside the constraint",
                {
                    $0.intermediate.others = [try .init(constraint, critical: true)]
                    $0.leaf.others = [try .init(elsewhere, critical: false)]
                }
            ),
        ]
        for (name, change) in changes {
            #expect(try await refusal(TestChain(change)) != nil, "\(name)")
        }
    }

    @Test("the caller decides which purpose the certificate must have")
    func purpose() async throws {
        let chain = TestChain {
            $0.leaf.purposes = [.serverAuth]
            $0.leaf.keyUsage = KeyUsage(keyEncipherment: true)
        }
        #expect(try await refusal(chain, for: .any) == nil)
        #expect(try await refusal(chain, for: .clientAuthentication)?.isEmpty == false)
    }

    @Test("a version 1 intermediate, which can't declare whether it is an authority, is refused")
    func version1() async throws {
        let chain = TestChain {
            $0.intermediate.version = .v1
            $0.intermediate.constraints = nil
            $0.intermediate.keyUsage = nil
        }
        #expect(try await refusal(chain)?.contains("version 3") == true)
    }

    @Test("a SHA-1 signature is refused, except a root's signature on itself")
    func sha1() async throws {
        let key = Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits2048))
        var chain = TestChain()
        chain.root.key = key
        chain.root.algorithm = .sha1WithRSAEncryption
        chain.intermediate.algorithm = .sha256WithRSAEncryption
        #expect(try await refusal(chain) == nil)
        chain.intermediate.algorithm = .sha1WithRSAEncryption
        #expect(try await refusal(chain)?.contains("SHA-1") == true)
    }

    @Test("only the given roots are trusted, however a chain is completed")
    func roots() async throws {
        let (root, intermediate, leaf) = try TestChain().issued()
        let other = try TestChain().issued()
        #expect(await refusal(leaf, [intermediate], to: [other.root, root]) == nil)
        #expect(await refusal(leaf, [intermediate], to: [other.root]) != nil)
        #expect(await refusal(leaf, [intermediate, root], to: [other.root]) != nil)
        #expect(await refusal(leaf, [intermediate, root], to: []) != nil)
        #expect(await refusal(leaf, [], to: [root]) != nil)
        #expect(await refusal(leaf, [other.intermediate], to: [root]) != nil)
        #expect(await refusal(root, [], to: []) != nil)
        let many = Array(repeating: intermediate, count: 5)
        #expect(await refusal(leaf, many, to: [root])?.contains("5 intermediates") == true)
    }

    @Test("the search for a path stays short, however the intermediates are related")
    func search() async throws {
        let root = try TestChain().issued().root
        var authority = TestChain.Link(
            name: "Loop", constraints: .isCertificateAuthority(maxPathLength: nil),
            keyUsage: KeyUsage(keyCertSign: true))
        let leaf = try TestChain.issue(TestChain().leaf, by: authority)
        // All have the same subject and key, and each is its own issuer; only the alternative name differs.
        let variants = try (0..<4).map { number in
            let name = SubjectAlternativeNames([.dnsName("\(number).example")])
            authority.others = [try Certificate.Extension(name, critical: false)]
            return try TestChain.issue(authority, by: authority)
        }
        var candidates = 0
        await #expect(throws: UntrustedChain.self) {
            try await TrustAnchors([root]).verify(
                leaf, intermediates: variants, at: TestChain.moment, under: ChainPolicy(for: .any),
                tracing: { if "\($0)".contains("earching for issuer") { candidates += 1 } })
        }
        // All orders of the four. With eight, there would be 109,601.
        #expect(candidates <= 65)
    }

    @Test("a renewed or cross-signed intermediate leads to the root, whichever comes first")
    func variants() async throws {
        let chain = TestChain()
        let (root, intermediate, leaf) = try chain.issued()
        var expired = chain.intermediate
        expired.notAfter = TestChain.moment - 1
        let former = try TestChain.issue(expired, by: chain.root)
        let crossSigned = try TestChain.issue(chain.intermediate, by: TestChain.Link(name: "Elsewhere"))
        // From an authority that changed its key but kept its name. It expires later.
        var later = chain.intermediate
        later.notAfter += 86_400
        let rekeyed = try TestChain.issue(later, by: TestChain.Link(name: chain.root.name))
        for intermediates in [
            [former, intermediate], [intermediate, former], [crossSigned, intermediate], [rekeyed, intermediate],
        ] {
            #expect(await refusal(leaf, intermediates, to: [root]) == nil)
        }
    }

    @Test("the purposes of intermediates are checked, those of roots are not")
    func intermediatePurposes() async throws {
        for isCritical in [true, false] {
            let servers = try Certificate.Extension(ExtendedKeyUsage([.serverAuth]), critical: isCritical)
            #expect(try await refusal(TestChain { $0.intermediate.others = [servers] }) != nil)
            #expect(try await refusal(TestChain { $0.intermediate.others = [servers] }, for: .any) == nil)
            #expect(try await refusal(TestChain { $0.root.others = [servers] }) == nil)
        }
        for purposes in [[.any], [.serverAuth, .clientAuth]] as [[ExtendedKeyUsage.Usage]] {
            #expect(try await refusal(TestChain { $0.intermediate.purposes = purposes }) == nil)
        }
    }

    @Test("text from a certificate is truncated in errors")
    func excerpt() async throws {
        let long = String(repeating: "x", count: 10_000)
        #expect(UntrustedChain(reason: long).reason.count < 1_000)
        #expect(InvalidCertificate(reason: long).reason.count < 1_000)
        let block = "-----BEGIN \(long)-----\nAAAA\n-----END \(long)-----\n"
        let error = #expect(throws: InvalidCertificate.self) { try X509Certificate.parse(pem: block) }
        #expect(try #require(error).reason.count < 1_000)
    }
}
