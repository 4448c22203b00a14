import FoundationEssentials
import Logging

/// Starts the session of an accepted sign-in and carries out its consequences: audit record, notices, device trust.
struct SessionStarter: Sendable {
    private let sessions: SessionCookie
    private let sessionEnd: SessionEnd
    private let upstreamSessions: EndedUpstreamSessions
    private let devices: DeviceCookie
    private let risk: RiskAssessor
    private let recoveries: AccountRecoveries
    private let notices: AccountNotices
    private let audit: AuditLog

    init(_ core: Core) {
        sessions = SessionCookie(core)
        sessionEnd = SessionEnd(core)
        upstreamSessions = EndedUpstreamSessions(core)
        devices = DeviceCookie(core)
        risk = RiskAssessor(core)
        recoveries = AccountRecoveries(core)
        notices = AccountNotices(core)
        audit = core.audit
    }

    /// A sign-in for which the user has shown every factor that the policy demands.
    struct Accepted: Sendable {
        let user: User
        let shown: [ShownFactor]
        let context: AuthenticationContext
        /// Whether a trusted browser stood in for the second factor.
        let trustsDevice: Bool
        /// The progress before the last factor; `nil` if the first factor was enough.
        let progress: SignInProgress?
        /// The browser, if the user has signed in with it before.
        let device: Device?
        let risk: RiskAssessment

        /// The last factor, if this is a step-up of an existing session.
        var steppedUp: ShownFactor? { progress?.authenticatedAt == nil ? nil : shown.last }

        /// Authentication method references (RFC 8176).
        var amr: [String] {
            var amr = shown.flatMap(\.methods).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            if context >= .multiFactor { amr.append("mfa") }
            return amr
        }
    }

    /// Returns the session and the `Set-Cookie` values for the browser's sessions and device.
    func start(
        _ accepted: Accepted, remembers: Bool, toward destination: SignIn.Destination, in request: Request
    ) async throws -> (Session, cookies: [String]) {
        let user = accepted.user
        var origin = SignInOrigin(network: risk.network(of: request, for: user))
        var cookies: [String] = []
        let trusting = destination.isBrowser && remembers && accepted.context >= .multiFactor
        if destination.isBrowser {
            cookies.append(devices.use(accepted.device, by: user, trusting: trusting, in: request, &origin))
        }
        guard
            let (session, own) = try await sessions.start(
                for: user, since: accepted.progress?.authenticatedAt, strengthening: accepted.progress?.session,
                amr: accepted.amr, context: accepted.context, trustsDevice: accepted.trustsDevice,
                upstream: accepted.shown.compactMap(\.upstream).first, from: origin,
                addsAccount: destination.addsAccount,
                in: request)
        else { throw overtaken(accepted, toward: destination) }
        if let basis = session.upstream, try await upstreamSessions.contains(basis) {
            Decision.note("The upstream \(basis.upstream) has ended the session that this sign-in rests on.")
            try await sessionEnd.end(session.id, because: .upstream)
            throw overtaken(accepted, toward: destination)
        }
        if trusting { audit.record(.deviceRemembered, user: user.id) }
        record(accepted, session, toward: destination)
        try await risk.spread.succeeded(user, from: request.remoteAddress)
        try await recoveries.signedIn(user, by: accepted.shown, request)
        if accepted.risk.consequence > .ignore {
            await notices.signedIn(
                user, isNewDevice: accepted.risk.isNewDevice, at: risk.geolocator.describe(request.remoteAddress),
                request)
        }
        return (session, own + cookies)
    }

    private func record(_ accepted: Accepted, _ session: Session, toward destination: SignIn.Destination) {
        let (user, amr, acr) = (accepted.user.id, accepted.amr, accepted.context.rawValue)
        audit.record(
            accepted.steppedUp.map { .steppedUp($0.factor, acr: acr) }
                ?? .signedIn(
                    factors: accepted.shown.map(\.factor), amr: amr, acr: acr, upstream: session.upstream?.upstream),
            user: user, client: destination.client?.id, session: session.id)
        Logger.current.info(
            accepted.steppedUp == nil ? "signed in" : "stepped up",
            metadata: ["user": "\(user)", "session": "\(session.id)", "amr": "\(amr.joined(separator: " "))"])
    }

    /// The error for factors that were correct but overtaken by a change: the password has changed, the user was signed
    /// out everywhere or at the upstream, or the session to step up has ended.
    private func overtaken(_ accepted: Accepted, toward destination: SignIn.Destination) -> OAuthError {
        audit.record(
            .signInRefused(.overtaken, accepted.shown.last?.factor ?? .password), user: accepted.user.id,
            client: destination.client?.id)
        return destination.isBrowser ? .interactionLost : .authenticationFailed
    }
}
