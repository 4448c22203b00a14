/// Decides from what somebody has shown whether they are signed in. Pure; every way to a session asks here.
struct SignInPolicy: Hashable, Sendable {
    /// What the issuer, the client and the person's roles demand: without it there is no session.
    var minimum = AuthenticationContext.singleFactor
    /// What the client would have (`acr_values`, an essential `acr`): the person shows it, if they can.
    var asked: AuthenticationContext?

    enum Ruling: Hashable, Sendable {
        /// `trustsDevice` says that the browser stood in for the second factor.
        case accept(AuthenticationContext, trustsDevice: Bool)
        /// One of these must be shown, the preferred first.
        case ask([Factor])
        /// One of these must be set up first.
        case enrol([Factor])
        /// All that could be shown is the mailbox, which has been shown: only time helps.
        case wait
    }

    /// `enrolled` is what the person could show, `isRemembered` whether they had this browser remembered after they
    /// showed a second factor in it, `isSuspicious` whether the sign-in is so unusual that they must show one, and
    /// `isPasswordMailed` whether the password was reset by mail a short while ago.
    func decide(
        shown: [ShownFactor], enrolled: Set<Factor>, isRemembered: Bool, isSuspicious: Bool = false,
        isPasswordMailed: Bool = false
    ) -> Ruling {
        guard !isPasswordMailed else {
            // A password that came by mail and a code that comes by mail both show the mailbox: one factor.
            let counted = shown.filter { $0.factor != .emailCode }
            let decision = decide(
                shown: counted, enrolled: enrolled.subtracting([.emailCode]), isRemembered: isRemembered,
                isSuspicious: isSuspicious)
            // Reading the mailbox must not be enough to add a factor.
            if case .enrol = decision, AuthenticationContext(reachedBy: counted) == .singleFactor { return .wait }
            return decision
        }
        guard let reached = AuthenticationContext(reachedBy: shown) else { return .ask([.passkey, .password]) }
        // Whoever set up a second factor wants it to be asked for, whatever the rules say; suspicion asks for whatever there
        // is. To have somebody suspicious set one up would be no proof of anything.
        let decisive = isSuspicious ? Set(Self.order) : [.passkey, .totp]
        let needed = max(minimum, enrolled.isDisjoint(with: decisive) ? .singleFactor : .multiFactor)
        // A browser stands in for a factor that there is: whoever has lost all is not to do without for thirty days.
        let isRemembered = isRemembered && !isSuspicious && !enrolled.isEmpty
        let wanted = asked.map { min($0, Self.reachable(with: enrolled)) } ?? .singleFactor
        if reached >= max(needed, wanted) { return .accept(reached, trustsDevice: false) }
        if isRemembered, needed <= .multiFactor, reached >= wanted { return .accept(reached, trustsDevice: true) }

        let candidates = Self.order.filter { factor in
            enrolled.contains(factor) && !shown.contains { $0.factor == factor }
        }
        let sufficient = candidates.filter { factor in
            AuthenticationContext(reachedBy: shown + [Self.example(of: factor)]) ?? reached >= max(needed, wanted)
        }
        if !sufficient.isEmpty { return .ask(sufficient) }
        // Nobody sets a factor up who has shown less than they can: a password alone must not add one to an account
        // that a second factor protects.
        if reached == .singleFactor, !candidates.isEmpty { return .ask(candidates) }
        return .enrol(needed == .phishingResistant ? [.passkey] : [.totp, .passkey])
    }

    /// Whether somebody who has this session needs to show nothing more, as far as the rules go.
    func isSatisfied(by session: Session) -> Bool { session.satisfied >= minimum }

    /// Second factors, the one that is preferred first.
    private static let order = [Factor.passkey, .totp, .emailCode, .recoveryCode]

    private static func reachable(with enrolled: Set<Factor>) -> AuthenticationContext {
        enrolled.contains(.passkey)
            ? .phishingResistant : enrolled.isDisjoint(with: order) ? .singleFactor : .multiFactor
    }

    private static func example(of factor: Factor) -> ShownFactor {
        factor == .passkey ? .passkey(verifiesUser: false, isHardware: false) : ShownFactor(factor, methods: [])
    }
}
