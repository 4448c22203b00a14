import FoundationEssentials
import HTTPTypes

extension Path {
    /// The `redirect_uri` of each upstream. Each has its own, so that a response can't be taken for another's
    /// (RFC 9700 §4.4.2.2).
    static let upstreamCallback = Path("/upstream/{upstream}/callback")
}

/// Keeps each attempt in a cookie of the browser that began it. At most four per upstream are kept.
struct UpstreamAttemptCookie: Sendable {
    private let issuer: Issuer
    private let sealer: Sealer
    /// In seconds.
    private let lifetime: TimeInterval

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        lifetime = core.settings.lifetimes.interaction
    }

    /// Browsers ignore cookies of more than 4,096 bytes (RFC 6265bis §5.6). The rest is for the name and the attributes.
    private static let maximumLength = 3_800

    /// Returns a `Set-Cookie` value, or `nil` if browsers would not keep it. The cookie outlasts the attempt, so that
    /// someone who comes back too late can start over.
    func setting(_ attempt: UpstreamAttempt) throws -> String? {
        let sealed = try sealer.seal(attempt, for: .upstreamAttempt)
        guard sealed.utf8.count <= Self.maximumLength else { return nil }
        return cookie(attempt.state, of: attempt.upstream).setting(
            sealed, maxAge: Int(InteractionKeeper.restartLimit))
    }

    /// Returns the attempt of this browser with `state`.
    func attempt(_ state: String, at upstream: Identifier<Upstream>, in request: Request) -> UpstreamAttempt? {
        guard let sealed = cookie(state, of: upstream).value(in: request),
            let attempt = try? sealer.open(UpstreamAttempt.self, from: sealed, for: .upstreamAttempt),
            ConstantTime.equal(Array(attempt.state.utf8), Array(state.utf8))
        else { return nil }
        return attempt
    }

    /// Returns a `Set-Cookie` value that removes the attempt.
    func clearing(_ attempt: UpstreamAttempt) -> String { cookie(attempt.state, of: attempt.upstream).clearing() }

    /// The interaction that an attempt continues may expire before.
    func expiry(of attempt: UpstreamAttempt) -> Date {
        let start =
            switch attempt.purpose {
            case .signIn(let interaction): min(interaction.startedAt, attempt.startedAt)
            case .link: attempt.startedAt
            }
        return start.addingTimeInterval(lifetime)
    }

    /// Only four names, so that attempts that nobody finishes, which another site can begin, never fill a request.
    private func cookie(_ state: String, of upstream: Identifier<Upstream>) -> Cookie {
        Cookie("upstream-\((state.utf8.first ?? 0) % 4)", of: issuer, at: .upstreamCallback.with(upstream.rawValue))
    }
}
