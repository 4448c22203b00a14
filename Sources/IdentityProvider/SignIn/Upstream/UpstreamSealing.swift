import FoundationEssentials
import JOSE

/// Turns a verified identity into a factor, and seals of its tokens what the upstream's settings ask to keep.
struct UpstreamSealing: Sendable {
    private let sealer: Sealer

    init(_ core: Core) { sealer = core.sealer }

    /// Bytes of an ID Token that is kept. URLs carry it during a sign-in.
    private static let maximumSize = 4_096

    /// Returns what the sign-in proves.
    func signIn(_ identity: UpstreamIdentity, of upstream: Upstream) throws -> UpstreamSignIn {
        let session = UpstreamSession(
            upstream: upstream.id, subject: identity.subject, session: identity.session,
            sealedIDToken: try sealedIDToken(identity, of: upstream))
        return UpstreamSignIn(session, context: identity.context, authenticatedAt: identity.authenticatedAt)
    }

    /// Returns the sealed tokens, or `nil` if they are not kept.
    func tokens(_ identity: UpstreamIdentity, of upstream: Upstream) throws -> [UInt8]? {
        guard upstream.keepsTokens else { return nil }
        return try sealer.seal(Array(JSONEncoder().encode(identity.tokens)), for: .upstreamTokens)
    }

    private func sealedIDToken(_ identity: UpstreamIdentity, of upstream: Upstream) throws -> [UInt8]? {
        guard upstream.endsUpstreamSession, let token = identity.idToken, token.utf8.count <= Self.maximumSize else {
            return nil
        }
        return try sealer.seal(Array(token.utf8), for: .upstreamIDToken)
    }
}
