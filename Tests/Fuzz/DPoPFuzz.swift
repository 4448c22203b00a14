import Foundation
@testable import IdentityProvider
@testable import JOSE

/// DPoP proofs (RFC 9449 §4.3). The first line of an input is the proof, the second the method, the third the URL of the
/// request, the fourth the access token, if there is one.
enum DPoPFuzz {
    /// When the proofs of the corpus are valid.
    private static let now = Date(timeIntervalSince1970: 1_562_262_620)

    static func check(_ input: [UInt8]) {
        let lines = String(decoding: input, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
        guard lines.count >= 3 else { return }
        let (text, target) = (lines[0], DPoPTarget(method: lines[1], uris: [lines[2]]))
        let token = lines.count > 3 && !lines[3].isEmpty ? lines[3] : nil
        require(target.matches(lines[2]), "a URL matches itself")
        // A target for another request was refused before.
        guard target.isMatchable, let proof = proof(text, target, token) else { return }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = object(parts[0]), let claims = object(parts[1]) else {
            fatalError("broken: an accepted proof is a JWS with a header and claims")
        }
        checkKey(header, proof)
        require(header["typ"]?.string?.lowercased().hasSuffix("dpop+jwt") == true, "a proof has its typ")
        require(claims["htm"]?.string == lines[1], "htm is the method")
        require(claims["htu"]?.string.map(target.matches) == true, "htu is the URL")
        let age = now.timeIntervalSince1970 - (claims["iat"]?.seconds ?? 0)
        require((-DPoPProof.skew...(DPoPProof.maximumAge + DPoPProof.skew)).contains(age), "a proof is fresh")
        let end = proof.expiresAt.timeIntervalSince(now)
        require(end > 0 && end <= DPoPProof.maximumAge + 3 * DPoPProof.skew, "a proof is remembered while it counts")
        require(proof.nextNonce == nil, "without nonces, none is offered")
        require(self.proof(text, DPoPTarget(method: lines[1] + "X", uris: [lines[2]]), token) == nil, "one method")
        require(self.proof(text, target, (token ?? "") + "x") == nil, "a proof belongs to its access token")
        require(self.proof(text, target, token)?.id == proof.id, "a proof has one identifier")
    }

    private static func proof(_ text: String, _ target: DPoPTarget, _ token: String?) -> DPoPProof? {
        try? DPoPProof(text, for: target, token: token, nonces: .off, at: now)
    }

    private static func object(_ part: Substring.UTF8View) -> JSONObject? {
        (try? Base64URL.decode(utf8: part)).flatMap { try? JSONObject(parsing: $0) }
    }

    /// The key is public, of a known type, and named by its thumbprint.
    private static func checkKey(_ header: JSONObject, _ proof: DPoPProof) {
        guard let object = header["jwk"]?.object, let key = try? JWK(object) else {
            fatalError("broken: an accepted proof has a valid key")
        }
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            require(object[name] == nil, "a proof reveals no private key")
        }
        require(DPoPProof.algorithms.contains(proof.algorithm), "the algorithm is asymmetric")
        require(header["alg"]?.string == proof.algorithm.rawValue, "the algorithm is the one of the header")
        require(key.supports(proof.algorithm), "the key fits the algorithm")
        require(!key.thumbprint.isEmpty && key.thumbprint == proof.key, "the key is named by its thumbprint")
    }
}
