package import FoundationEssentials
import JOSE

/// A sign-in at an upstream that a session rests on. The session ends with it if the upstream says so.
package struct UpstreamSession: Codable, Sendable, Hashable {
    package let upstream: Identifier<Upstream>
    /// The upstream's `sub` for the user.
    package let subject: String
    /// The upstream's `sid`, if it sent one.
    package let session: String?
    /// The sealed ID Token, for the `id_token_hint` of a sign-out, if signing out continues at the upstream.
    package let sealedIDToken: [UInt8]?

    private enum CodingKeys: String, CodingKey { case upstream, subject, session, sealedIDToken }

    package init(
        upstream: Identifier<Upstream>, subject: String, session: String? = nil, sealedIDToken: [UInt8]? = nil
    ) {
        self.upstream = upstream
        self.subject = subject
        self.session = session
        self.sealedIDToken = sealedIDToken
    }
}

extension UpstreamSession {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        upstream = try container.decode(Identifier<Upstream>.self, forKey: .upstream)
        subject = try container.decode(String.self, forKey: .subject)
        session = try container.decodeIfPresent(String.self, forKey: .session)
        let token = try container.decodeIfPresent(String.self, forKey: .sealedIDToken)
        sealedIDToken = try token.map { try Base64URL.decode($0) }
    }

    /// In base64url, because URLs carry it during a sign-in, and a list of numbers is three times as long.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(upstream, forKey: .upstream)
        try container.encode(subject, forKey: .subject)
        try container.encodeIfPresent(session, forKey: .session)
        try container.encodeIfPresent(sealedIDToken.map { Base64URL.encode($0) }, forKey: .sealedIDToken)
    }
}

/// What a sign-in at an upstream proves.
package struct UpstreamSignIn: Codable, Sendable, Hashable {
    package let session: UpstreamSession
    /// The context that the upstream vouches for, according to its assurance rules.
    package let context: AuthenticationContext
    /// When the user signed in there; `nil` if the upstream didn't say.
    package let authenticatedAt: Date?

    private enum CodingKeys: String, CodingKey { case session, context, authenticatedAt }

    package init(_ session: UpstreamSession, context: AuthenticationContext, authenticatedAt: Date?) {
        self.session = session
        self.context = context
        self.authenticatedAt = authenticatedAt
    }
}
