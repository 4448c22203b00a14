import Crypto
import FoundationEssentials
import JOSE

/// Ends what rests on a session at an upstream, and remembers it for sign-ins that have not become sessions yet, such
/// as one that is waiting for a second factor.
struct EndedUpstreamSessions: Sendable {
    private let sessionEnd: SessionEnd
    private let links: any UpstreamLinkStore
    private let singleUse: any SingleUseStore
    /// The maximum time from a sign-in at an upstream to the session, in seconds.
    private let lifetime: TimeInterval
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        sessionEnd = SessionEnd(core)
        links = core.stores.upstreamLinks
        singleUse = core.stores.singleUse
        lifetime = core.settings.lifetimes.interaction + core.settings.lifetimes.factor
        now = core.now
    }

    /// Ends the sessions and sign-ins that rest on this session at `upstream`, or on any of `subject` there. Returns
    /// the ended sessions.
    ///
    /// A sign-in that completes at the same time is either outdated by the first step or found by the last. One that
    /// reads the user after this begins stands.
    func end(
        at upstream: Upstream, subject: String?, session: String?
    ) async throws -> [EndedSession] {
        if let session {
            let end = now().addingTimeInterval(lifetime)
            _ = try await singleUse.consume(upstream.id.name(of: session), for: .upstreamSession, until: end)
        } else if let subject, let link = try await links.find(upstream.authority, subject: subject) {
            try await sessionEnd.voidSignIns(of: link.user)
        }
        return try await sessionEnd.endAll(from: upstream.id, subject: subject, session: session)
    }

    /// Returns whether the upstream has ended the session that `signIn` rests on. Called once our own session is
    /// stored: before, the upstream could still end its session without finding ours.
    func contains(_ signIn: UpstreamSession) async throws -> Bool {
        guard let session = signIn.session else { return false }
        return try await singleUse.isConsumed(signIn.upstream.name(of: session), for: .upstreamSession)
    }
}

extension Identifier<Upstream> {
    /// Returns a name of fixed length for `value` that no value of another upstream has.
    func name(of value: String) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array("\(rawValue)\u{0}\(value)".utf8))))
    }
}
