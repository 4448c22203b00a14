package import FoundationEssentials
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

/// What a caller requires of a chain beyond the path validation of RFC 5280 §6.1.
package struct ChainPolicy: Sendable {
    package enum Purpose: Sendable {
        case any
        /// RFC 5280 §4.2.1.12: `id-kp-clientAuth`.
        case clientAuthentication
    }

    let purpose: Purpose
    /// Critical extensions that the caller checks itself, in addition to the alternative names.
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

    /// The search for a path takes exponential time in the number of intermediate certificates.
    package static let maximumIntermediates = 4

    /// Throws `UntrustedChain` unless a path that is valid at `moment` leads from the leaf to a root.
    package func verify(
        _ leaf: X509Certificate, intermediates: [X509Certificate] = [], at moment: Date, under policy: ChainPolicy
    ) async throws(UntrustedChain) {
        try await verify(leaf, intermediates: intermediates, at: moment, under: policy, tracing: nil)
    }

    /// `trace` is called for each step of the search.
    func verify(
        _ leaf: X509Certificate, intermediates: [X509Certificate], at moment: Date, under policy: ChainPolicy,
        tracing trace: ((VerificationDiagnostic) -> Void)?
    ) async throws(UntrustedChain) {
        guard intermediates.count <= Self.maximumIntermediates else {
            throw UntrustedChain(
                reason: "\(intermediates.count) intermediates, expected \(Self.maximumIntermediates) at most")
        }
        var verifier = Verifier(rootCertificates: roots) {
            RFC5280Policy(fixedExpiryValidationTime: moment)
            UsagePolicy(policy)
        }
        let result = await verifier.validate(
            leaf: leaf.content, intermediates: CertificateStore(intermediates.map(\.content)),
            diagnosticCallback: trace)
        guard case .couldNotValidate(let failures) = result else { return }
        let reasons = failures.map { "\($0.policyFailureReason)" }
        throw UntrustedChain(
            reason: reasons.isEmpty ? "no path to a trusted authority" : reasons.joined(separator: "; "))
    }
}

package struct UntrustedChain: Error {
    package let reason: String

    init(reason: String) { self.reason = reason.excerpt }
}

/// The checks that `RFC5280Policy` doesn't make, and the caller's requirements.
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
        // SHA-1 collisions are practical. A root's own signature doesn't matter.
        for certificate in chain.dropLast() where certificate.signatureAlgorithm == .sha1WithRSAEncryption {
            throw Violation("a certificate is signed with SHA-1")
        }
        // RFC 5280 §6.1.4 (k): earlier versions have no basic constraints.
        for certificate in chain.dropFirst().dropLast() where certificate.version != .v3 {
            throw Violation("an intermediate certificate is not of version 3")
        }
        // RFC 5280 §6.1.4 (n).
        for certificate in chain.dropFirst() where try certificate.extensions.keyUsage?.keyCertSign == false {
            throw Violation("an authority's key is not allowed to sign certificates")
        }
        guard purpose == .clientAuthentication, let leaf = chain.first else { return }
        // RFC 8446 §4.4.2.2, §4.4.2.4.
        if try leaf.extensions.keyUsage?.digitalSignature == false {
            throw Violation("the certificate's key is not allowed to make signatures")
        }
        // An authority that is restricted to other purposes can't vouch for clients.
        for certificate in [leaf] + chain.dropFirst().dropLast() {
            guard let usages = try certificate.extensions.extendedKeyUsage else { continue }
            guard usages.contains(.clientAuth) || usages.contains(.any) else {
                throw Violation("a certificate is not allowed for client authentication")
            }
        }
    }
}

private struct Violation: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
