import FoundationEssentials
import Tracing

/// Decides what a user must show, from the demands of issuer, client and roles and from the factors the user has.
struct SignInRules: Sendable {
    let factors: [any SecondFactor]
    private let minimum: AuthenticationContext
    private let entitlements: CachedEntitlements
    private let recoveries: AccountRecoveries
    private let now: @Sendable () -> Date

    init(_ core: Core, factors: [any SecondFactor]) {
        self.factors = factors
        minimum = core.settings.minimumContext
        entitlements = core.entitlements
        recoveries = AccountRecoveries(core)
        now = core.now
    }

    /// Returns the policy that combines the demands of the issuer, the client and the roles of `user`.
    func policy(toward destination: SignIn.Destination, by user: User?) async throws -> SignInPolicy {
        var minimum = max(minimum, destination.client?.minimumContext ?? .singleFactor)
        if let user, let context = try await entitlements.entitlements(of: user).minimumContext {
            minimum = max(minimum, context)
        }
        return SignInPolicy(minimum: minimum, asked: destination.asked)
    }

    /// Decides what the factors shown so far lead to.
    func ruling(
        on shown: [ShownFactor], by user: User, on device: Device?, toward destination: SignIn.Destination,
        isSuspicious: Bool = false
    ) async throws -> SignInPolicy.Ruling {
        let policy = try await policy(toward: destination, by: user)
        let enrolled = try await enrolled(user)
        return withSpan("sign-in policy") { span in
            let ruling = policy.decide(
                shown: shown, enrolled: enrolled,
                isRemembered: destination.trustsDevices && device?.isTrusted(at: now()) ?? false,
                isSuspicious: isSuspicious,
                isPasswordMailed: recoveries.isPasswordMailed(user))
            let decision = destination.isBrowser ? ruling : policy.outsideBrowsers(ruling)
            span.attributes["martlet.decision"] = decision.name
            Decision.note(
                """
                Shown: \(shown.map(\.factor.rawValue).joined(separator: ", ")). Required: at least \
                \(policy.minimum.rawValue)\(policy.asked.map { "; requested by the client: \($0.rawValue)" } ?? ""). \
                Decision: \(decision.name).
                """)
            return decision
        }
    }

    private func enrolled(_ user: User) async throws -> Set<Factor> {
        var enrolled: Set<Factor> = []
        for factor in factors where try await factor.isEnrolled(user) { enrolled.insert(factor.factor) }
        return enrolled
    }
}
