import FoundationEssentials
import HTTPTypes

/// The one way from factors to a session: pages and the JSON API come here with each factor that was shown.
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
        /// With the `Set-Cookie` values of the browser's session and device.
        case signedIn(Session, cookies: [String])
        case unfinished(SignInProgress)
        /// Too unusual: nobody is told more than of a wrong password.
        case refused
    }

    /// Where a person is going: to a client or, without one, to our own pages.
    struct Destination: Sendable {
        var client: Client?
        /// What the client would have.
        var asked: AuthenticationContext?
        /// Whether a browser goes there, which can be known again by its cookie; a program cannot.
        var isBrowser = true
    }

    /// What the issuer, the client and the roles of `user` demand together.
    func policy(toward destination: Destination, by user: User?) async throws -> SignInPolicy {
        try await rules.policy(toward: destination, by: user)
    }

    /// `user` has shown `factor` after what `progress` says. `remembers` asks that this browser stand in for the second
    /// factor from now on.
    func advance(
        _ progress: SignInProgress?, with factor: ShownFactor, by user: User, toward destination: Destination,
        remembers: Bool = false, in request: Request
    ) async throws -> Outcome {
        // What another person showed is worth nothing.
        let former = progress.flatMap { keeper.isValid($0, for: user) ? $0 : nil }
        let shown = (former?.shown ?? []) + [factor]
        // A passkey that is reported opens nothing by itself: it takes the password, too, which only the mailbox resets.
        if former == nil, factor.factor == .passkey, try await recoveries.disputes(shown, of: user) { return .refused }
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

    /// What somebody who has `session` must show beyond it; `nil` when there is nothing that they could, and where only a
    /// sign-in of now allows what is due.
    func strengthen(
        _ session: Session, of user: User, toward destination: Destination, in request: Request
    ) async throws -> SignInProgress? {
        let shown = ShownFactor.all(of: session)
        let device = try await devices.device(of: user, in: request)
        guard let next = try await rules.ruling(on: shown, by: user, on: device, toward: destination).next,
            keeper.isAllowed(next, since: session.authenticatedAt)
        else { return nil }
        var further = keeper.start(user, shown, risk: .none, next: next)
        further.authenticatedAt = session.authenticatedAt
        further.session = session.id
        return further
    }

    /// The person whose factors `progress` holds, as long as that is fresh.
    func person(of progress: SignInProgress?) async throws -> User? { try await keeper.person(of: progress) }

    /// The same progress as it would be now: meanwhile the person may have set up a factor, in another tab or elsewhere.
    /// `nil` where nothing is missing any more, or only a sign-in of now allows what is due.
    func reconsidered(
        _ progress: SignInProgress, of user: User, toward destination: Destination, in request: Request
    ) async throws -> SignInProgress? {
        let device = try await devices.device(of: user, in: request)
        let decision = try await rules.ruling(
            on: progress.shown, by: user, on: device, toward: destination,
            isSuspicious: progress.risk?.consequence == .factor)
        guard let next = decision.next, keeper.isAllowed(next, since: progress.authenticatedAt) else { return nil }
        var progress = progress
        progress.next = next
        return progress
    }

    /// Whether a sign-in that begins is unusual, said in the audit log; told to the person where it is refused.
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
    /// What is still to do; `nil` when it is enough.
    fileprivate var next: SignInProgress.Next? {
        switch self {
        case .ask(let factors): .show(factors)
        case .enrol(let factors): .enrol(factors)
        case .accept, .wait: nil
        }
    }

    /// For traces.
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
    /// Two factors are demanded, and the account has no other than the mailbox, by which its password was just reset.
    static let passwordMailed = OAuthError(
        code: .insufficientUserAuthentication,
        description: "the password was reset by mail a short while ago: the mailbox alone is one factor",
        status: .forbidden, reason: .passwordMailed)
}

extension ShownFactor {
    /// The factors behind a session that is to be strengthened.
    fileprivate static func all(of session: Session) -> [ShownFactor] {
        var shown: [ShownFactor] = session.amr.contains("pwd") ? [.password] : []
        if let key = session.amr.first(where: { ["hwk", "swk"].contains($0) }) {
            shown.append(.passkey(verifiesUser: shown.isEmpty, isHardware: key == "hwk"))
        }
        if session.amr.contains("otp") { shown.append(.totp) }
        return shown
    }
}
