import FoundationEssentials
import TestSupport
import Testing

@testable import IdentityProvider

/// One line of the policy: what was demanded, shown and could be shown, and what follows.
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

@Suite("What must be shown before there is a session")
struct SignInPolicyTests {
    private static let key = ShownFactor.passkey(verifiesUser: true, isHardware: false)
    private static let touch = ShownFactor.passkey(verifiesUser: false, isHardware: true)

    static let table: [PolicyCase] = [
        // Nothing is no sign-in.
        PolicyCase(shown: [], enrolled: [.totp], isRemembered: true, expected: .ask([.passkey, .password])),
        // A password is enough where nothing more is demanded or set up.
        PolicyCase(shown: [.password], expected: .accept(.singleFactor, trustsDevice: false)),
        PolicyCase(
            shown: [.password], enrolled: [.recoveryCode], expected: .accept(.singleFactor, trustsDevice: false)),
        PolicyCase(shown: [.password], enrolled: [.emailCode], expected: .accept(.singleFactor, trustsDevice: false)),
        // A factor that was set up is asked for.
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
        // A key that anybody may touch is one factor.
        PolicyCase(shown: [touch], enrolled: [.passkey, .totp], expected: .ask([.totp])),
        // Two codes are of one kind.
        PolicyCase(shown: [.totp, .recoveryCode], enrolled: [.totp], expected: .enrol([.totp, .passkey])),
        // What is demanded and lacking must be set up, but never by a password alone over a second factor.
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
        // A remembered browser stands in for the second factor, and for nothing more.
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
        // What a client would have is asked of those who can.
        PolicyCase(asked: .multiFactor, shown: [.password], expected: .accept(.singleFactor, trustsDevice: false)),
        PolicyCase(
            asked: .multiFactor, shown: [.password], enrolled: [.recoveryCode], expected: .ask([.recoveryCode])),
        PolicyCase(
            asked: .phishingResistant, shown: [.password, .totp], enrolled: [.totp],
            expected: .accept(.multiFactor, trustsDevice: false)),
        PolicyCase(
            asked: .phishingResistant, shown: [.password, .totp], enrolled: [.totp, .passkey],
            expected: .ask([.passkey])),
        // A password that came by mail and a code by mail are one factor, and add none.
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

    @Test("each line of the policy", arguments: table)
    func decision(_ line: PolicyCase) {
        let policy = SignInPolicy(minimum: line.minimum, asked: line.asked)
        #expect(
            policy.decide(
                shown: line.shown, enrolled: line.enrolled, isRemembered: line.isRemembered,
                isPasswordMailed: line.isPasswordMailed) == line.expected)
    }

    @Test("whatever was shown, nobody is accepted below what is demanded, but by a browser that is remembered")
    func never() {
        let shown: [ShownFactor] = [.password, .totp, .recoveryCode, .emailCode, Self.key, Self.touch]
        for minimum in AuthenticationContext.allCases {
            for subset in 0..<64 {
                let chosen = shown.indices.filter { subset & (1 << $0) != 0 }.map { shown[$0] }
                for enrolled in [[], [.totp], [.passkey], [.totp, .passkey, .recoveryCode]] as [Set<Factor>] {
                    let decision = SignInPolicy(minimum: minimum).decide(
                        shown: chosen, enrolled: enrolled, isRemembered: false)
                    guard case .accept(let context, _) = decision else { continue }
                    #expect(context >= minimum)
                    #expect(enrolled.isDisjoint(with: [.totp, .passkey]) || context >= .multiFactor)
                }
            }
        }
    }

    @Test("failures make the next attempt wait twice as long each time, and lock at last")
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
