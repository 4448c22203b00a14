import FoundationEssentials
import HTTPTypes
import JOSE
import Logging
import Tracing

/// The one way from factors to a session: pages and the JSON API come here with each factor that was shown.
struct SignIn: Sendable {
    let minimum: AuthenticationContext
    let factors: [any SecondFactor]
    let entitlements: CachedEntitlements
    let users: any UserStore
    let sessions: SessionCookie
    let devices: DeviceCookie
    let digester: SecretDigester
    let risk: RiskAssessor
    let audit: AuditLog
    let notices: AccountNotices
    let recoveries: AccountRecoveries
    /// Seconds from the first factor to the last.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core, factors: [any SecondFactor]) {
        minimum = core.settings.minimumContext
        self.factors = factors
        entitlements = core.entitlements
        users = core.stores.users
        sessions = SessionCookie(core)
        devices = DeviceCookie(core)
        digester = core.digester
        risk = RiskAssessor(core)
        audit = core.audit
        notices = AccountNotices(core)
        recoveries = AccountRecoveries(core)
        lifetime = core.settings.lifetimes.factor
        now = core.now
    }

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
        var minimum = max(minimum, destination.client?.minimumContext ?? .singleFactor)
        if let user, let context = try await entitlements.entitlements(of: user).minimumContext {
            minimum = max(minimum, context)
        }
        return SignInPolicy(minimum: minimum, asked: destination.asked)
    }

    /// `user` has shown `factor` after what `progress` says. `remembers` asks that this browser stand in for the second
    /// factor from now on.
    func advance(
        _ progress: SignInProgress?, with factor: ShownFactor, by user: User, toward destination: Destination,
        remembers: Bool = false, in request: Request
    ) async throws -> Outcome {
        // What another person showed is worth nothing.
        let former = progress.flatMap { isValid($0, for: user) ? $0 : nil }
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
        let decision = try await decide(
            shown, by: user, on: device, toward: destination, isSuspicious: assessment.consequence == .factor)
        if let next = decision.next {
            var further = former ?? self.progress(of: user, shown, risk: assessment, next: next)
            further.shown = shown
            further.risk = assessment
            further.next = next
            return .unfinished(further)
        }
        if case .wait = decision { throw OAuthError.passwordMailed }
        return try await startSession(
            shown, by: user, decision, after: former, on: device, assessment, remembers: remembers, toward: destination,
            in: request)
    }

    /// What somebody who has `session` must show beyond it; `nil` when there is nothing that they could, and where only a
    /// sign-in of now allows what is due.
    func strengthen(
        _ session: Session, of user: User, toward destination: Destination, in request: Request
    ) async throws -> SignInProgress? {
        let shown = ShownFactor.all(of: session)
        let device = try await devices.device(of: user, in: request)
        guard let next = try await decide(shown, by: user, on: device, toward: destination).next,
            isAllowed(next, since: session.authenticatedAt)
        else { return nil }
        var further = progress(of: user, shown, risk: .none, next: next)
        further.authenticatedAt = session.authenticatedAt
        further.session = session.id
        return further
    }

    /// The person whose factors `progress` holds, as long as that is fresh.
    func person(of progress: SignInProgress?) async throws -> User? {
        guard let progress, let user = try await users.find(progress.user), isValid(progress, for: user) else {
            return nil
        }
        return user
    }

    /// The same progress as it would be now: meanwhile the person may have set up a factor, in another tab or elsewhere.
    /// `nil` where nothing is missing any more, or only a sign-in of now allows what is due.
    func reconsidered(
        _ progress: SignInProgress, of user: User, toward destination: Destination, in request: Request
    ) async throws -> SignInProgress? {
        let device = try await devices.device(of: user, in: request)
        let decision = try await decide(
            progress.shown, by: user, on: device, toward: destination,
            isSuspicious: progress.risk?.consequence == .factor)
        guard let next = decision.next, isAllowed(next, since: progress.authenticatedAt) else { return nil }
        var progress = progress
        progress.next = next
        return progress
    }

    func enrolled(_ user: User) async throws -> Set<Factor> {
        var enrolled: Set<Factor> = []
        for factor in factors where try await factor.isEnrolled(user) { enrolled.insert(factor.factor) }
        return enrolled
    }

    private func isValid(_ progress: SignInProgress, for user: User) -> Bool {
        progress.user == user.id && !user.isDisabled && progress.stamp == stamp(of: user)
            && progress.generation ?? user.sessionGeneration == user.sessionGeneration
            && now() < progress.startedAt.addingTimeInterval(lifetime)
    }

    /// Whoever finds a browser that signed in long ago must not make the account theirs with a factor of their own.
    private func isAllowed(_ next: SignInProgress.Next, since authenticatedAt: Date?) -> Bool {
        switch next {
        case .show: true
        case .enrol: authenticatedAt.map { now() < $0.addingTimeInterval(lifetime) } ?? true
        }
    }

    private func stamp(of user: User) -> String {
        Base64URL.encode(digester.digest(user.passwordHash ?? "", of: SignInProgress.self).bytes)
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

    private func decide(
        _ shown: [ShownFactor], by user: User, on device: Device?, toward destination: Destination,
        isSuspicious: Bool = false
    ) async throws -> SignInPolicy.Ruling {
        let policy = try await policy(toward: destination, by: user)
        let enrolled = try await enrolled(user)
        return withSpan("sign-in policy") { span in
            let decision = policy.decide(
                shown: shown, enrolled: enrolled, isRemembered: device?.isTrusted(at: now()) ?? false,
                isSuspicious: isSuspicious,
                isPasswordMailed: recoveries.isPasswordMailed(user))
            span.attributes["martlet.decision"] = decision.name
            Decision.note(
                """
                Shown: \(shown.map(\.factor.rawValue).joined(separator: ", ")); the rules demand at least \
                \(policy.minimum.rawValue)\(policy.asked.map { ", the client would have \($0.rawValue)" } ?? ""). \
                Decision: \(decision.name).
                """)
            return decision
        }
    }

    private func progress(
        of user: User, _ shown: [ShownFactor], risk assessment: RiskAssessment, next: SignInProgress.Next
    ) -> SignInProgress {
        SignInProgress(
            user: user.id, shown: shown, startedAt: now(), stamp: stamp(of: user),
            generation: user.sessionGeneration, risk: assessment, next: next)
    }

    private func startSession(
        _ shown: [ShownFactor], by user: User, _ decision: SignInPolicy.Ruling, after former: SignInProgress?,
        on known: Device?, _ assessment: RiskAssessment, remembers: Bool, toward destination: Destination,
        in request: Request
    ) async throws -> Outcome {
        guard case .accept(let context, let trustsDevice) = decision else { throw OAuthError.interactionLost }
        var amr = shown.flatMap(\.methods).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        if context >= .multiFactor { amr.append("mfa") }
        var origin = SignInOrigin(network: risk.network(of: request, for: user))
        var cookies: [String] = []
        let trusting = destination.isBrowser && remembers && context >= .multiFactor
        if destination.isBrowser {
            cookies.append(devices.use(known, by: user, trusting: trusting, in: request, &origin))
        }
        guard
            let (session, cookie) = try await sessions.start(
                for: user, since: former?.authenticatedAt, strengthening: former?.session, amr: amr, context: context,
                trustsDevice: trustsDevice, from: origin, in: request)
        else { throw overtaken(shown, by: user, toward: destination) }
        if trusting { audit.record(.deviceRemembered, user: user.id) }
        let further = former?.authenticatedAt == nil ? nil : shown.last
        audit.record(
            further.map { .steppedUp($0.factor, acr: context.rawValue) }
                ?? .signedIn(factors: shown.map(\.factor), amr: amr, acr: context.rawValue),
            user: user.id, client: destination.client?.id, session: session.id)
        Logger.current.info(
            further == nil ? "signed in" : "stepped up",
            metadata: ["user": "\(user.id)", "session": "\(session.id)", "amr": "\(amr.joined(separator: " "))"])
        try await risk.spread.succeeded(user, from: request.remoteAddress)
        try await recoveries.signedIn(user, by: shown, request)
        if assessment.consequence > .ignore {
            await notices.signedIn(
                user, isNewDevice: assessment.isNewDevice, at: risk.geolocator.describe(request.remoteAddress), request
            )
        }
        return .signedIn(session, cookies: [cookie] + cookies)
    }

    /// The factors were right, but the password has changed, the user was signed out everywhere, or the session has ended.
    private func overtaken(_ shown: [ShownFactor], by user: User, toward destination: Destination) -> OAuthError {
        audit.record(
            .signInRefused(.overtaken, shown.last?.factor ?? .password), user: user.id, client: destination.client?.id)
        return destination.isBrowser ? .interactionLost : .authenticationFailed
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
        status: .forbidden)
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
