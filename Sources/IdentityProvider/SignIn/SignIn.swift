import FoundationEssentials
import HTTPTypes

/// The single path from factors to a session. Pages and the JSON API call it with every factor a user has shown.
struct SignIn: Sendable {
    private let rules: SignInRules
    private let keeper: SignInProgressKeeper
    private let sessions: SessionStarter
    private let devices: DeviceCookie
    private let risk: RiskAssessor
    private let recoveries: AccountRecoveries
    private let notices: AccountNotices
    private let audit: AuditLog

    init(_ core: Core, factors: [any SecondFactor]) {
        rules = SignInRules(core, factors: factors)
        keeper = SignInProgressKeeper(core)
        sessions = SessionStarter(core)
        devices = DeviceCookie(core)
        risk = RiskAssessor(core)
        recoveries = AccountRecoveries(core)
        notices = AccountNotices(core)
        audit = core.audit
    }

    var factors: [any SecondFactor] { rules.factors }

    enum Outcome: Sendable {
        /// Carries the `Set-Cookie` values for session and device.
        case signedIn(Session, cookies: [String])
        case unfinished(SignInProgress)
        /// The user must enroll a factor, which takes a recent sign-in at the upstream.
        case stale(Identifier<Upstream>)
        /// Refused as too risky. The client sees the same as after a wrong password.
        case refused
    }

    /// Where a sign-in leads: to a client or, without one, to Martlet's own pages.
    struct Destination: Sendable {
        var client: Client?
        /// The context that the client asks for.
        var asked: AuthenticationContext?
        /// Whether the client is a browser, which can be recognized by its device cookie. Other programs cannot.
        var isBrowser = true
        /// Whether a trusted browser can stand in for the second factor.
        var trustsDevices = true
        /// Whether the accounts that are signed in in the browser stay.
        var addsAccount = false

        /// Whether the client accepts the session: its `upstreams` apply to sign-ins before as well.
        func admits(_ session: Session) -> Bool {
            guard let upstream = session.upstream?.upstream, let listed = client?.upstreams else { return true }
            return listed.contains(upstream)
        }
    }

    /// Returns the policy that combines the demands of the issuer, the client and the roles of `user`.
    func policy(toward destination: Destination, by user: User?) async throws -> SignInPolicy {
        try await rules.policy(toward: destination, by: user)
    }

    /// Advances a sign-in after `user` has shown `factor` in addition to `progress`. `remembers` asks to trust this
    /// browser in place of the second factor from now on.
    func advance(
        _ progress: SignInProgress?, with factor: ShownFactor, by user: User, toward destination: Destination,
        remembers: Bool = false, in request: Request
    ) async throws -> Outcome {
        // Factors shown by another user don't count.
        let former = progress.flatMap { keeper.isValid($0, for: user) ? $0 : nil }
        let shown = (former?.shown ?? []) + [factor]
        // A disputed passkey or account at an upstream can't sign in by itself. The password is needed as well, and only
        // the mailbox can reset it.
        if former == nil, [.passkey, .upstream].contains(factor.factor),
            try await recoveries.disputes(shown, of: user.id)
        {
            return .refused
        }
        let device = try await devices.device(of: user, in: request)
        let assessment: RiskAssessment
        if let judged = former?.risk {
            assessment = judged
        } else {
            assessment = try await judge(user, on: device, toward: destination, in: request)
            guard assessment.consequence != .refuse else { return .refused }
        }
        let decision = try await rules.ruling(
            on: shown, by: user, on: device, toward: destination, isSuspicious: assessment.consequence == .factor)
        if case .enrol? = decision.next, keeper.isStale(shown), let upstream = shown.compactMap(\.upstream).first {
            return .stale(upstream.session.upstream)
        }
        if let next = decision.next {
            var further = former ?? keeper.start(user, shown, risk: assessment, next: next)
            further.shown = shown
            further.risk = assessment
            further.next = next
            return .unfinished(further)
        }
        if case .wait = decision { throw OAuthError.passwordMailed }
        guard case .accept(let context, let trustsDevice) = decision else { throw OAuthError.interactionLost }
        let accepted = SessionStarter.Accepted(
            user: user, shown: shown, context: context, trustsDevice: trustsDevice, progress: former, device: device,
            risk: assessment)
        let (session, cookies) = try await sessions.start(
            accepted, remembers: remembers, toward: destination, in: request)
        return .signedIn(session, cookies: cookies)
    }

    /// Returns what the user must show to step up `session`. Returns `nil` if the user has nothing to add, or if only a
    /// fresh sign-in may add it.
    func strengthen(
        _ session: Session, of user: User, toward destination: Destination, in request: Request
    ) async throws -> SignInProgress? {
        let shown = ShownFactor.all(of: session)
        let device = try await devices.device(of: user, in: request)
        guard let next = try await rules.ruling(on: shown, by: user, on: device, toward: destination).next,
            keeper.isAllowed(next, after: shown, since: session.authenticatedAt)
        else { return nil }
        var further = keeper.start(user, shown, risk: .none, next: next)
        further.authenticatedAt = session.authenticatedAt
        further.session = session.id
        return further
    }

    /// Returns the user whose factors `progress` holds, or `nil` once it has expired or been voided.
    func person(of progress: SignInProgress?) async throws -> User? { try await keeper.person(of: progress) }

    /// Returns `progress` with its next step recomputed, since the user may have enrolled a factor in another tab.
    /// Returns `nil` if nothing is missing anymore, or if only a fresh sign-in may add what is.
    func reconsidered(
        _ progress: SignInProgress, of user: User, toward destination: Destination, in request: Request
    ) async throws -> SignInProgress? {
        let device = try await devices.device(of: user, in: request)
        let decision = try await rules.ruling(
            on: progress.shown, by: user, on: device, toward: destination,
            isSuspicious: progress.risk?.consequence == .factor)
        guard let next = decision.next,
            keeper.isAllowed(next, after: progress.shown, since: progress.authenticatedAt)
        else { return nil }
        var progress = progress
        progress.next = next
        return progress
    }

    /// Assesses the risk of a sign-in that has just begun. Records an alarming one in the audit log, and notifies the
    /// user if it is refused.
    private func judge(
        _ user: User, on device: Device?, toward destination: Destination, in request: Request
    ) async throws -> RiskAssessment {
        let assessment = try await risk.assess(
            request, by: user, isDeviceKnown: destination.isBrowser ? device != nil : nil)
        if assessment.isAlarming(by: risk.rules) {
            audit.record(
                .suspiciousSignIn(
                    signals: assessment.signals.map(\.rawValue), consequence: assessment.consequence.rawValue),
                user: user.id, client: destination.client?.id, by: .visitor)
        }
        if assessment.consequence == .refuse {
            await notices.signInRefused(user, at: risk.geolocator.describe(request.remoteAddress), request)
        }
        return assessment
    }
}

extension SignInPolicy.Ruling {
    /// The step that remains; `nil` if nothing remains or only waiting helps.
    fileprivate var next: SignInProgress.Next? {
        switch self {
        case .ask(let factors): .show(factors)
        case .enrol(let factors): .enrol(factors)
        case .accept, .wait: nil
        }
    }

    /// For traces and the audit log.
    var name: String {
        switch self {
        case .accept(let context, let trustsDevice): "accept \(context.rawValue)\(trustsDevice ? " on trust" : "")"
        case .ask(let factors): "ask for \(factors.map(\.rawValue).joined(separator: ", "))"
        case .enrol(let factors): "set up \(factors.map(\.rawValue).joined(separator: ", "))"
        case .wait: "wait"
        }
    }
}

extension OAuthError {
    /// The policy requires two factors, but the account has only the mailbox, which was just used to reset the
    /// password.
    static let passwordMailed = OAuthError(
        code: .insufficientUserAuthentication,
        description: "the password was reset by email recently: until the wait is over, email is only one factor",
        status: .forbidden, reason: .passwordMailed)
}

extension ShownFactor {
    /// The factors behind a session, reconstructed from its `amr`.
    fileprivate static func all(of session: Session) -> [ShownFactor] {
        var shown: [ShownFactor] = session.amr.contains("pwd") ? [.password] : []
        if let upstream = session.upstream {
            // A local factor raised the context, or the upstream vouched for it.
            let isLocal = session.amr.contains { ["hwk", "swk", "otp"].contains($0) }
            let context = isLocal ? .singleFactor : session.context
            // Without the ID Token, which the session keeps.
            let basis = UpstreamSession(upstream: upstream.upstream, subject: upstream.subject)
            shown.append(.upstream(UpstreamSignIn(basis, context: context, authenticatedAt: session.authTime)))
        }
        if let key = session.amr.first(where: { ["hwk", "swk"].contains($0) }) {
            shown.append(.passkey(verifiesUser: shown.isEmpty, isHardware: key == "hwk"))
        }
        if session.amr.contains("otp") { shown.append(.totp) }
        return shown
    }
}
