import FoundationEssentials
import TestSupport
import Testing

@testable import IdentityProvider

/// A row of the policy table: what is required, shown and enrolled, and the expected ruling.
struct PolicyCase: Sendable, CustomTestStringConvertible {
    var minimum = AuthenticationContext.singleFactor
    var asked: AuthenticationContext?
    let shown: [ShownFactor]
    var enrolled: Set<Factor> = []
    var isRemembered = false
    var isPasswordMailed = false
    let expected: SignInPolicy.Ruling

    var testDescription: String {
        "at least \(minimum), asked \(String(describing: asked)), \(shown.map(\.factor)) of \(enrolled) → \(expected.name)"
    }
}

@Suite("Which factors a session requires")
struct SignInPolicyTests {
    private static let key = ShownFactor.passkey(verifiesUser: true, isHardware: false)
    private static let touch = ShownFactor.passkey(verifiesUser: false, isHardware: true)

    static let table: [PolicyCase] = [
        // Without any factor there is no sign-in.
        PolicyCase(shown: [], enrolled: [.totp], isRemembered: true, expected: .ask([.passkey, .password])),
        // A password suffices if nothing more is required or enrolled.
        PolicyCase(shown: [.password], expected: .accept(.singleFactor, trustsDevice: false)),
        PolicyCase(
            shown: [.password], enrolled: [.recoveryCode], expected: .accept(.singleFactor, trustsDevice: false)),
        PolicyCase(shown: [.password], enrolled: [.emailCode], expected: .accept(.singleFactor, trustsDevice: false)),
        // An enrolled second factor is asked for.
        PolicyCase(shown: [.password], enrolled: [.totp], expected: .ask([.totp])),
        PolicyCase(
            shown: [.password], enrolled: [.totp, .passkey, .recoveryCode],
            expected: .ask([.passkey, .totp, .recoveryCode])),
        PolicyCase(shown: [.password, .totp], enrolled: [.totp], expected: .accept(.multiFactor, trustsDevice: false)),
        PolicyCase(
            shown: [.password, .recoveryCode], enrolled: [.totp], expected: .accept(.multiFactor, trustsDevice: false)),
        PolicyCase(
            shown: [.password, touch], enrolled: [.passkey], expected: .accept(.phishingResistant, trustsDevice: false)),
        PolicyCase(shown: [key], enrolled: [.passkey], expected: .accept(.phishingResistant, trustsDevice: false)),
        // A security key without user verification is one factor.
        PolicyCase(shown: [touch], enrolled: [.passkey, .totp], expected: .ask([.totp])),
        // Two codes are factors of the same kind.
        PolicyCase(shown: [.totp, .recoveryCode], enrolled: [.totp], expected: .enrol([.totp, .passkey])),
        // An access code is offered with the factors that may be lost, and leads to a new one, not to a session.
        PolicyCase(
            shown: [.password], enrolled: [.passkey, .totp, .accessCode],
            expected: .ask([.passkey, .totp, .accessCode])),
        PolicyCase(
            minimum: .phishingResistant, shown: [.password], enrolled: [.passkey, .accessCode],
            expected: .ask([.passkey, .accessCode])),
        PolicyCase(
            minimum: .multiFactor, shown: [.password], enrolled: [.accessCode], expected: .ask([.accessCode])),
        // It protects the account when the lost factor is removed, so that the password alone adds no factor.
        PolicyCase(shown: [.password], enrolled: [.accessCode], expected: .ask([.accessCode])),
        PolicyCase(shown: [.password], enrolled: [.accessCode], isRemembered: true, expected: .ask([.accessCode])),
        PolicyCase(
            shown: [.password], enrolled: [.recoveryCode, .accessCode], expected: .ask([.recoveryCode, .accessCode])),
        PolicyCase(
            shown: [.password], enrolled: [.accessCode], isPasswordMailed: true, expected: .ask([.accessCode])),
        PolicyCase(shown: [key], enrolled: [.accessCode], expected: .accept(.phishingResistant, trustsDevice: false)),
        PolicyCase(shown: [.password, .accessCode], enrolled: [.totp], expected: .enrol([.totp, .passkey])),
        PolicyCase(
            minimum: .phishingResistant, shown: [.password, .accessCode], enrolled: [.passkey],
            expected: .enrol([.passkey])),
        PolicyCase(
            shown: [.password, .accessCode], enrolled: [.totp], isRemembered: true, expected: .enrol([.totp, .passkey])
        ),
        PolicyCase(
            shown: [.password, .accessCode, .totp], enrolled: [.totp],
            expected: .accept(.multiFactor, trustsDevice: false)),
        // The operator vouches for more than the mailbox.
        PolicyCase(
            shown: [.password, .accessCode], enrolled: [.totp], isPasswordMailed: true,
            expected: .enrol([.totp, .passkey])),
        // It replaces no password, and a trusted browser doesn't count for a user who has nothing else.
        PolicyCase(shown: [.accessCode], enrolled: [.totp], expected: .ask([.totp])),
        PolicyCase(
            minimum: .multiFactor, shown: [.password], enrolled: [.accessCode], isRemembered: true,
            expected: .ask([.accessCode])),
        // A required factor that is missing must be enrolled, but if a second factor exists, never with the password
        // alone.
        PolicyCase(minimum: .multiFactor, shown: [.password], expected: .enrol([.totp, .passkey])),
        PolicyCase(
            minimum: .multiFactor, shown: [.password], enrolled: [.emailCode], expected: .ask([.emailCode])),
        PolicyCase(minimum: .phishingResistant, shown: [.password], expected: .enrol([.passkey])),
        PolicyCase(
            minimum: .phishingResistant, shown: [.password], enrolled: [.totp, .recoveryCode],
            expected: .ask([.totp, .recoveryCode])),
        PolicyCase(
            minimum: .phishingResistant, shown: [.password, .totp], enrolled: [.totp], expected: .enrol([.passkey])),
        PolicyCase(
            minimum: .phishingResistant, shown: [.password, .totp], enrolled: [.totp, .passkey],
            expected: .ask([.passkey])),
        // A remembered browser replaces the second factor, and nothing more.
        PolicyCase(
            shown: [.password], enrolled: [.totp], isRemembered: true,
            expected: .accept(.singleFactor, trustsDevice: true)),
        PolicyCase(
            minimum: .multiFactor, shown: [.password], enrolled: [.totp], isRemembered: true,
            expected: .accept(.singleFactor, trustsDevice: true)),
        PolicyCase(
            minimum: .phishingResistant, shown: [.password], enrolled: [.passkey], isRemembered: true,
            expected: .ask([.passkey])),
        PolicyCase(
            asked: .multiFactor, shown: [.password], enrolled: [.totp], isRemembered: true, expected: .ask([.totp])),
        // A voluntary request applies only to users who can satisfy it.
        PolicyCase(asked: .multiFactor, shown: [.password], expected: .accept(.singleFactor, trustsDevice: false)),
        PolicyCase(
            asked: .multiFactor, shown: [.password], enrolled: [.recoveryCode], expected: .ask([.recoveryCode])),
        PolicyCase(
            asked: .phishingResistant, shown: [.password, .totp], enrolled: [.totp],
            expected: .accept(.multiFactor, trustsDevice: false)),
        PolicyCase(
            asked: .phishingResistant, shown: [.password, .totp], enrolled: [.totp, .passkey],
            expected: .ask([.passkey])),
        // A password reset by email and an email code are one factor, and can't enroll another.
        PolicyCase(
            shown: [.password], enrolled: [.emailCode], isPasswordMailed: true,
            expected: .accept(.singleFactor, trustsDevice: false)),
        PolicyCase(minimum: .multiFactor, shown: [.password], isPasswordMailed: true, expected: .wait),
        PolicyCase(
            minimum: .multiFactor, shown: [.password], enrolled: [.emailCode], isPasswordMailed: true, expected: .wait),
        PolicyCase(
            minimum: .multiFactor, shown: [.password, .emailCode], enrolled: [.emailCode], isPasswordMailed: true,
            expected: .wait),
        PolicyCase(
            minimum: .multiFactor, shown: [.password], enrolled: [.emailCode, .recoveryCode], isPasswordMailed: true,
            expected: .ask([.recoveryCode])),
        PolicyCase(
            minimum: .phishingResistant, shown: [.password, .recoveryCode], enrolled: [.emailCode],
            isPasswordMailed: true, expected: .enrol([.passkey])),
        PolicyCase(
            shown: [.password], enrolled: [.totp], isPasswordMailed: true, expected: .ask([.totp])),
    ]

    @Test("each combination of requirement and factors leads to the expected ruling", arguments: table)
    func decision(_ line: PolicyCase) {
        let policy = SignInPolicy(minimum: line.minimum, asked: line.asked)
        #expect(
            policy.decide(
                shown: line.shown, enrolled: line.enrolled, isRemembered: line.isRemembered,
                isPasswordMailed: line.isPasswordMailed) == line.expected)
    }

    @Test(
        "only browsers are asked for an access code; other programs are sent to enroll if there is nothing else",
        arguments: [
            (.singleFactor, .ask([.totp, .accessCode]), .ask([.totp])),
            (.singleFactor, .ask([.accessCode]), .enrol([.totp, .passkey])),
            (.phishingResistant, .ask([.accessCode]), .enrol([.passkey])),
            (.singleFactor, .ask([.totp]), .ask([.totp])),
        ] as [(AuthenticationContext, SignInPolicy.Ruling, SignInPolicy.Ruling)])
    func outsideBrowsers(
        _ minimum: AuthenticationContext, _ ruling: SignInPolicy.Ruling, _ expected: SignInPolicy.Ruling
    ) {
        #expect(SignInPolicy(minimum: minimum).outsideBrowsers(ruling) == expected)
    }

    @Test("whatever was shown, nothing below the requirement is accepted, except in a remembered browser")
    func never() {
        let shown: [ShownFactor] = [.password, .totp, .recoveryCode, .emailCode, Self.key, Self.touch]
        for minimum in AuthenticationContext.allCases {
            for subset in 0..<64 {
                let chosen = shown.indices.filter { subset & (1 << $0) != 0 }.map { shown[$0] }
                for enrolled in [
                    [], [.totp], [.passkey], [.accessCode], [.totp, .passkey, .recoveryCode],
                ] as [Set<Factor>] {
                    let decision = SignInPolicy(minimum: minimum).decide(
                        shown: chosen, enrolled: enrolled, isRemembered: false)
                    guard case .accept(let context, _) = decision else { continue }
                    #expect(context >= minimum)
                    #expect(enrolled.isDisjoint(with: [.totp, .passkey, .accessCode]) || context >= .multiFactor)
                }
            }
        }
    }

    @Test("the wait doubles with each failure, up to a limit, and finally the account is locked")
    func attempts() {
        let rule = AttemptRule.account
        let start = TestClock().now
        func wait(_ count: Int) -> Double? {
            let attempts = Attempts(count: count, lastFailedAt: start, expiresAt: start + AttemptRule.memory)
            return rule.end(of: attempts)?.timeIntervalSince(start)
        }
        #expect(
            [0, 4, 5, 6, 10, 14, 15, 99, 100, 5_000].map(wait) == [nil, nil, 1, 2, 32, 512, 900, 900, 86_400, 86_400])
    }
}
