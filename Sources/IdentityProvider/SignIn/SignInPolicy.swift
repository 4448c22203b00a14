/// Decides whether the factors shown are enough to sign in. Pure. Every path to a session asks here.
struct SignInPolicy: Hashable, Sendable {
    /// The minimum that issuer, client and roles require. There is no session below it.
    var minimum = AuthenticationContext.singleFactor
    /// The context that the client asks for (`acr_values`, an essential `acr`). Users who can reach it must.
    var asked: AuthenticationContext?

    enum Ruling: Hashable, Sendable {
        /// `trustsDevice` says whether a trusted browser stood in for the second factor.
        case accept(AuthenticationContext, trustsDevice: Bool)
        /// The user must show one of these factors, in order of preference.
        case ask([Factor])
        /// The user must enroll one of these factors first.
        case enrol([Factor])
        /// The mailbox is all that the user can show, and it has already been used. Only waiting helps.
        case wait
    }

    /// Decides what the factors shown lead to. `enrolled` are the factors the user has, `isRemembered` says whether
    /// they trusted this browser after showing a second factor in it, `isSuspicious` whether the sign-in is risky
    /// enough to demand one, and `isPasswordMailed` whether the password was reset by email recently.
    func decide(
        shown: [ShownFactor], enrolled: Set<Factor>, isRemembered: Bool, isSuspicious: Bool = false,
        isPasswordMailed: Bool = false
    ) -> Ruling {
        guard !isPasswordMailed else {
            // A password reset by email and a code sent by email both prove access to the mailbox: one factor.
            let counted = shown.filter { $0.factor != .emailCode }
            let decision = decide(
                shown: counted, enrolled: enrolled.subtracting([.emailCode]), isRemembered: isRemembered,
                isSuspicious: isSuspicious)
            // Access to the mailbox must not be enough to add a factor.
            if case .enrol = decision, AuthenticationContext(reachedBy: counted) == .singleFactor { return .wait }
            return decision
        }
        guard let reached = AuthenticationContext(reachedBy: shown) else { return .ask([.passkey, .password]) }
        // A user who has enrolled a second factor is always asked for it, whatever the minimum. An access code counts,
        // because it stands in for a lost factor, which may have been removed. A suspicious sign-in asks for any factor
        // the user has, but suspicion alone never demands enrollment, which would prove nothing.
        let decisive = isSuspicious ? Set(Self.order) : [.passkey, .totp, .accessCode]
        // After a sign-in at an upstream, an emailed code adds nothing, so having one demands nothing either.
        let adding = shown.contains { $0.factor == .password } || !shown.contains { $0.factor == .upstream }
        let helpful = adding ? enrolled : enrolled.subtracting([.emailCode])
        let needed = max(minimum, helpful.isDisjoint(with: decisive) ? .singleFactor : .multiFactor)
        // A trusted browser stands in only for a factor the user still has. Otherwise a user who has lost every factor
        // could do without one for as long as the browser is trusted.
        let isRemembered = isRemembered && !isSuspicious && !enrolled.subtracting([.accessCode]).isEmpty
        let wanted = asked.map { min($0, Self.reachable(with: helpful)) } ?? .singleFactor
        // An operator vouched for the user once. The next sign-in needs a factor of the user's own.
        if Self.isVouchedFor(shown), reached >= .multiFactor { return .enrol(Self.enrollable(toward: needed)) }
        if reached >= max(needed, wanted) { return .accept(reached, trustsDevice: false) }
        if isRemembered, needed <= .multiFactor, reached >= wanted { return .accept(reached, trustsDevice: true) }

        let candidates = Self.order.filter { factor in
            enrolled.contains(factor) && !shown.contains { $0.factor == factor }
        }
        let sufficient = candidates.filter { factor in
            // An access code always leads to a factor that is enough, so it is offered with the others.
            factor != .accessCode
                && AuthenticationContext(reachedBy: shown + [Self.example(of: factor)]) ?? reached
                    >= max(needed, wanted)
        }
        if !sufficient.isEmpty { return .ask(sufficient + candidates.filter { $0 == .accessCode }) }
        // A user must show what they can before enrolling a factor: a password alone must not add one to an account
        // that a second factor protects.
        if reached == .singleFactor, !candidates.isEmpty { return .ask(candidates) }
        return .enrol(Self.enrollable(toward: needed))
    }

    /// Returns `ruling` for a program other than a browser. An access code leads to enrollment, which only browsers do:
    /// elsewhere it would be spent for nothing.
    func outsideBrowsers(_ ruling: Ruling) -> Ruling {
        guard case .ask(let factors) = ruling, factors.contains(.accessCode) else { return ruling }
        let others = factors.filter { $0 != .accessCode }
        return others.isEmpty ? .enrol(Self.enrollable(toward: minimum)) : .ask(others)
    }

    /// Returns whether the session meets the minimum.
    func isSatisfied(by session: Session) -> Bool { session.satisfied >= minimum }

    /// Second factors, in order of preference.
    private static let order = [Factor.passkey, .totp, .emailCode, .recoveryCode, .accessCode]

    /// Whether an access code stands in for a factor that the user has yet to enroll.
    private static func isVouchedFor(_ shown: [ShownFactor]) -> Bool {
        let factors = Set(shown.map(\.factor))
        return factors.contains(.accessCode) && factors.isDisjoint(with: [.passkey, .totp])
    }

    private static func enrollable(toward needed: AuthenticationContext) -> [Factor] {
        needed == .phishingResistant ? [.passkey] : [.totp, .passkey]
    }

    private static func reachable(with enrolled: Set<Factor>) -> AuthenticationContext {
        enrolled.contains(.passkey)
            ? .phishingResistant : enrolled.isDisjoint(with: order) ? .singleFactor : .multiFactor
    }

    private static func example(of factor: Factor) -> ShownFactor {
        factor == .passkey ? .passkey(verifiesUser: false, isHardware: false) : ShownFactor(factor, methods: [])
    }
}
