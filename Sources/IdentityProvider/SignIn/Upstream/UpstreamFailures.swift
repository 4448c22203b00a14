import Logging

extension Path {
    /// The accounts at upstreams with which a user can sign in.
    static let linkedAccounts = Path("/account/linked-accounts")
}

/// Records why sign-ins at upstreams led to nothing, and leads users back to where they can choose another way.
struct UpstreamFailures: Sendable {
    private let interactions: InteractionKeeper
    private let audit: AuditLog

    init(_ core: Core) {
        interactions = InteractionKeeper(core)
        audit = core.audit
    }

    /// Returns a redirect to the page where the attempt began, which shows the reason.
    func response(to failure: UpstreamFailure, of purpose: UpstreamAttempt.Purpose) throws -> Response {
        let problem = failure.reason.parameters(of: failure.upstream.id)
        switch purpose {
        case .signIn(let interaction):
            record(failure.reason, at: failure.upstream.id, client: interaction.client, cause: failure.cause)
            return .redirect(to: "\(try interactions.location(.signIn, interaction))&\(problem)")
        case .link(let user, _):
            record(failure.reason, at: failure.upstream.id, user: user, cause: failure.cause)
            return .redirect(to: "\(interactions.issuer.reference(.linkedAccounts))?\(problem)")
        }
    }

    func record(
        _ reason: UpstreamFailure.Reason, at upstream: Identifier<Upstream>, user: Identifier<User>? = nil,
        client: Identifier<Client>? = nil, cause: (any Error)? = nil
    ) {
        Decision.note(
            "The sign-in at the upstream \(upstream) failed (\(reason.rawValue))\(cause.map { ": \($0)" } ?? "").")
        audit.record(.upstreamRefused(upstream: upstream, reason: reason.rawValue), user: user, client: client)
        var values: Logger.Metadata = ["upstream": "\(upstream)", "reason": "\(reason.rawValue)"]
        values["cause"] = cause.map { "\($0)" }
        values["client_id"] = client.map { "\($0)" }
        Logger.current.notice("sign-in at an upstream failed", metadata: values)
    }
}

extension UpstreamFailure.Reason {
    private static let prefix = "upstream_"

    /// The parameters that tell a page the reason and the upstream.
    func parameters(of upstream: Identifier<Upstream>) -> String {
        "problem=\(Self.prefix)\(rawValue)&upstream=\(upstream)"
    }

    /// Returns the reason that the request's parameters name, or `nil`.
    init?(of request: Request) {
        guard let problem = request.parameters["problem"], problem.hasPrefix(Self.prefix) else { return nil }
        self.init(rawValue: String(problem.dropFirst(Self.prefix.count)))
    }
}
