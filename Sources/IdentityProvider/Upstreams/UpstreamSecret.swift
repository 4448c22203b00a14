import FoundationEssentials
import JOSE

/// A client secret or private key, sealed together with the place that it may be sent to: someone who can write to the
/// database can't direct it to a server of their own.
struct UpstreamSecret: Codable, Sendable {
    let secret: String
    let upstream: Identifier<Upstream>
    let recipient: String

    private enum CodingKeys: String, CodingKey { case secret, upstream, recipient }

    init(_ secret: String, of upstream: Upstream) {
        self.secret = secret
        self.upstream = upstream.id
        recipient = upstream.secretRecipient
    }
}

extension Upstream {
    /// The issuer, whose metadata name the token endpoint, or the token endpoint itself.
    fileprivate var secretRecipient: String {
        switch endpoints {
        case .discovered(let issuer): issuer
        case .listed(let endpoints): endpoints.token
        }
    }
}

extension Sealer {
    func seal(_ secret: String, of upstream: Upstream) throws -> [UInt8] {
        try seal(Array(JSONEncoder().encode(UpstreamSecret(secret, of: upstream))), for: .upstreamSecret)
    }

    /// Returns the secret. Throws `NotOurs` if it was sealed for another upstream or recipient.
    func secret(of upstream: Upstream) throws(NotOurs) -> String {
        let plaintext = try open(upstream.sealedSecret ?? [], for: .upstreamSecret)
        guard let opened = try? JSONDecoder().decode(UpstreamSecret.self, from: Data(plaintext)),
            opened.upstream == upstream.id, opened.recipient.isExactly(upstream.secretRecipient)
        else { throw NotOurs() }
        return opened.secret
    }
}
