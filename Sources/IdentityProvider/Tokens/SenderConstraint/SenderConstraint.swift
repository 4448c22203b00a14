import Authenticators
import FoundationEssentials

/// Decides what an access token is bound to: the keys that the token request proves (RFC 9449 §5; RFC 8705 §3).
struct SenderConstraint: Sendable {
    private let dpop: DPoPVerifier

    init(_ core: Core) { dpop = DPoPVerifier(core) }

    /// Returns the DPoP proof of a request that needs none: that of a pushed authorization request. Throws
    /// `invalid_dpop_proof` or `use_dpop_nonce`.
    func optionalProof(in request: Request, from client: Client) async throws -> DPoPProof? {
        do {
            guard let proof = try dpop.proof(in: request) else { return nil }
            try client.requirePermitted(proof)
            try await dpop.spend(proof)
            return proof
        } catch let refusal as DPoPRefusal { throw OAuthError(refusal) }
    }

    /// Throws `invalid_dpop_proof`, `use_dpop_nonce` or `invalid_request`.
    func proof(in request: Request, from client: Client) async throws -> SenderProof {
        do {
            let proof = try SenderProof(dpop.proof(in: request), request, of: client)
            if let dpop = proof.dpop { try await self.dpop.spend(dpop) }
            return proof
        } catch let refusal as DPoPRefusal { throw OAuthError(refusal) }
    }
}

/// The keys that the sender of a request has proved to have, as far as its client binds tokens to them.
struct SenderProof: Sendable {
    let dpop: DPoPProof?
    let confirmation: Confirmation?

    fileprivate init(_ dpop: DPoPProof?, _ request: Request, of client: Client) throws(OAuthError) {
        let rules = client.senderConstraint
        if let dpop { try client.requirePermitted(dpop) }
        guard dpop != nil || !rules.requiresDPoP else {
            throw OAuthError(DPoPRefusal("the client must send a DPoP proof"))
        }
        let usesCertificate = rules.requiresCertificate || rules.isRequired && dpop == nil
        let certificate = usesCertificate ? request.certificate : nil
        guard certificate != nil || !usesCertificate else {
            throw .invalidRequest(
                rules.requiresCertificate
                    ? "the client must present its certificate"
                    : "the client must send a DPoP proof or present its certificate")
        }
        self.dpop = dpop
        confirmation = Confirmation(key: dpop?.key, certificate: certificate?.thumbprint)
    }
}

extension Client {
    fileprivate func requirePermitted(_ proof: DPoPProof) throws(OAuthError) {
        guard profile?.permits(proof.algorithm) ?? true else {
            throw OAuthError(DPoPRefusal("the client's profile does not permit the algorithm of the proof"))
        }
    }
}

extension Request {
    /// The client's certificate; `nil` if there is none, or if it can't be parsed.
    var certificate: X509Certificate? { certificates.first.flatMap { try? X509Certificate(der: $0) } }
}
