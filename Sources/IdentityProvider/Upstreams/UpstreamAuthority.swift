import Crypto
import JOSE

/// Who decides which user of an upstream has a subject. The same subject of another authority can be another person.
package enum UpstreamAuthority {}

extension Upstream {
    /// A digest, so that it fits into an index, of the `id` and the issuer or, for an OAuth 2 provider, the userinfo
    /// endpoint and the claim that is the subject.
    package var authority: Identifier<UpstreamAuthority> {
        let names =
            switch endpoints {
            case .discovered(let issuer): [id.rawValue, issuer]
            case .listed(let endpoints): [id.rawValue, endpoints.userInfo, claims.name(of: "sub")]
            }
        let digest = SHA256.hash(data: Array(names.joined(separator: "\n").utf8))
        return Identifier(rawValue: Base64URL.encode(Array(digest)))
    }
}
