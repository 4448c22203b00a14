package import FoundationEssentials
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

/// What a caller demands of a chain besides the path validation of RFC 5280 §6.1.
package struct ChainPolicy: Sendable {
    package enum Purpose: Sendable {
        case any
        /// RFC 5280 §4.2.1.12: `id-kp-clientAuth`.
        case clientAuthentication
    }

    let purpose: Purpose
    /// Critical extensions that the caller reads itself, besides the alternative names.
    let handledExtensions: [ASN1ObjectIdentifier]

    package init(for purpose: Purpose) { self.init(for: purpose, handling: []) }

    init(for purpose: Purpose, handling handledExtensions: [ASN1ObjectIdentifier]) {
        self.purpose = purpose
        self.handledExtensions = handledExtensions
    }
}

/// The certificate authorities that a caller trusts.
package struct TrustAnchors: Sendable {
    private let roots: CertificateStore

    package init(_ roots: [X509Certificate]) { self.roots = CertificateStore(roots.map(\.content)) }

    /// Intermediate certificates in one chain; more only make the search for a path expensive.
    private static let longestChain = 8

    /// Throws `UntrustedChain` unless a path leads from the leaf to a root, valid at `moment`.
    package func verify(
        _ leaf: X509Certificate, intermediates: [X509Certificate] = [], at moment: Date, under policy: ChainPolicy
    ) async throws(UntrustedChain) {
        guard intermediates.count <= Self.longestChain else {
            throw UntrustedChain(reason: "\(intermediates.count) intermediates, expected \(Self.longestChain) at most")
        }
        var verifier = Verifier(rootCertificates: roots) {
            RFC5280Policy(fixedExpiryValidationTime: moment)
            UsagePolicy(policy)
        }
        let result = await verifier.validate(
            leaf: leaf.content, intermediates: CertificateStore(intermediates.map(\.content)))
        guard case .couldNotValidate(let failures) = result else { return }
        let reasons = failures.map { "\($0.policyFailureReason)" }
        throw UntrustedChain(
            reason: reasons.isEmpty ? "no path to a trusted authority" : reasons.joined(separator: "; "))
    }
}

package struct UntrustedChain: Error {
    package let reason: String
}

/// The rules that `RFC5280Policy` leaves to others, and the caller's.
private struct UsagePolicy: VerifierPolicy {
    let purpose: ChainPolicy.Purpose
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier]

    init(_ policy: ChainPolicy) {
        purpose = policy.purpose
        verifyingCriticalExtensions =
            [.X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName]
            + policy.handledExtensions
    }

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        do {
            try check(Array(chain))
            return .meetsPolicy
        } catch {
            return .failsToMeetPolicy(reason: "\(error)")
        }
    }

    private func check(_ chain: [Certificate]) throws {
        // Collisions of SHA-1 can be made. Nobody relies on the signature of a root.
        for certificate in chain.dropLast() where certificate.signatureAlgorithm == .sha1WithRSAEncryption {
            throw Violation("a certificate is signed with SHA-1")
        }
        // RFC 5280 §6.1.4 (k): an older version cannot say that it is no authority.
        for certificate in chain.dropFirst().dropLast() where certificate.version != .v3 {
            throw Violation("an intermediate certificate is not of version 3")
        }
        // RFC 5280 §6.1.4 (n).
        for certificate in chain.dropFirst() where try certificate.extensions.keyUsage?.keyCertSign == false {
            throw Violation("the key of an authority may not sign certificates")
        }
        guard purpose == .clientAuthentication, let leaf = chain.first else { return }
        // RFC 8446 §4.4.2.2, §4.4.2.4.
        if try leaf.extensions.keyUsage?.digitalSignature == false {
            throw Violation("the key may not make signatures")
        }
        if let usages = try leaf.extensions.extendedKeyUsage, !usages.contains(.clientAuth), !usages.contains(.any) {
            throw Violation("the certificate is not for client authentication")
        }
    }
}

private struct Violation: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
