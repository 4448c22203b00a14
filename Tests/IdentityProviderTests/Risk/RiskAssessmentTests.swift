import FoundationEssentials
import Testing

@testable import IdentityProvider

@Suite("Risk assessment: signals and consequences of a sign-in")
struct SuspicionTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let munich = Location(
        country: "DE", city: "Munich", coordinates: .init(latitude: 48.14, longitude: 11.58, uncertainty: 20))
    private static let newYork = Location(
        country: "US", city: "New York", coordinates: .init(latitude: 40.71, longitude: -74.01, uncertainty: 20))
    private static let augsburg = Location(
        country: "DE", city: "Augsburg", coordinates: .init(latitude: 48.37, longitude: 10.90, uncertainty: 5))
    private static let sameNetwork = visit("home", munich)

    private static func visit(_ network: String?, _ place: Location?, hoursAgo hours: Double = 0)
        -> SignInCircumstances.Event
    {
        SignInCircumstances.Event(network: network, location: place, moment: now.addingTimeInterval(-hours * 3_600))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let circumstances: SignInCircumstances
        let signals: [RiskSignal]
        let consequence: RiskConsequence

        init(
            _ description: String, device: Bool?, _ visit: SignInCircumstances.Event,
            after former: [SignInCircumstances.Event], accounts: Int = 0, subscribers: Int = 0,
            _ signals: [RiskSignal], _ consequence: RiskConsequence
        ) {
            testDescription = description
            circumstances = SignInCircumstances(
                isDeviceKnown: device, event: visit, former: former, accountsTriedFromHere: accounts,
                subscribersAtAccount: subscribers)
            self.signals = signals
            self.consequence = consequence
        }
    }

    static let table = [
        Case(
            "a known browser and network", device: true, sameNetwork, after: [visit("home", munich, hoursAgo: 9)], [],
            .ignore),
        Case("the very first sign-in is not unusual", device: false, sameNetwork, after: [], [], .ignore),
        Case("a program's first sign-in", device: nil, sameNetwork, after: [], [], .ignore),
        Case(
            "a new browser at home", device: false, sameNetwork, after: [visit("home", munich, hoursAgo: 9)],
            [.unknownDevice], .notify),
        Case(
            "a known browser on a new network", device: true, visit("cafe", munich),
            after: [visit("home", munich, hoursAgo: 9)], [.unknownNetwork], .ignore),
        Case(
            "a program on a known network", device: nil, sameNetwork, after: [visit("home", munich, hoursAgo: 9)], [],
            .ignore),
        Case(
            "a program on a new network", device: nil, visit("cafe", munich),
            after: [visit("home", munich, hoursAgo: 9)], [.unknownDevice, .unknownNetwork], .notify),
        Case(
            "across the ocean at the speed of a plane", device: true, visit("hotel", newYork),
            after: [visit("home", munich, hoursAgo: 9)], [.unknownNetwork, .unknownCountry], .notify),
        Case(
            "across the ocean in an hour", device: true, visit("hotel", newYork),
            after: [visit("home", munich, hoursAgo: 1)], [.unknownNetwork, .unknownCountry, .impossibleTravel],
            .factor),
        Case(
            "just as fast, but back to a known country", device: true, sameNetwork,
            after: [visit("hotel", newYork, hoursAgo: 1), visit("home", munich, hoursAgo: 90)], [.impossibleTravel],
            .factor),
        Case(
            "two nearby places at the same time", device: true, visit("cafe", augsburg),
            after: [visit("home", munich, hoursAgo: 0)], [.unknownNetwork], .ignore),
        Case(
            "clock skew: another node is ahead", device: true, visit("hotel", newYork),
            after: [visit("home", munich, hoursAgo: -1)], [.unknownNetwork, .unknownCountry, .impossibleTravel],
            .factor),
        Case(
            "no location is known", device: true, visit("hotel", nil),
            after: [visit("home", nil, hoursAgo: 1)], [.unknownNetwork], .ignore),
        Case(
            "the last location is unknown", device: true, visit("home", munich),
            after: [visit("home", nil, hoursAgo: 1)], [], .ignore),
        Case(
            "a Unix socket has no network", device: true, visit(nil, nil),
            after: [visit("home", munich, hoursAgo: 1)], [.unknownNetwork], .ignore),
        Case(
            "nine accounts failed from here", device: false, sameNetwork, after: [], accounts: 9, subscribers: 9, [],
            .ignore),
        Case(
            "ten accounts failed from here", device: false, sameNetwork, after: [], accounts: 10, [.manyAccounts],
            .factor),
        Case(
            "ten subscribers failed at the account", device: false, sameNetwork,
            after: [visit("home", munich, hoursAgo: 9)], subscribers: 10, [.unknownDevice, .manyAddresses], .factor),
        Case(
            "a known browser during an attack", device: true, sameNetwork,
            after: [visit("home", munich, hoursAgo: 9)], accounts: 99, subscribers: 99, [], .ignore),
        Case(
            "a program on its known network during an attack", device: nil, sameNetwork,
            after: [visit("home", munich, hoursAgo: 9)],
            accounts: 99, subscribers: 99, [], .ignore),
    ]

    @Test("circumstances lead to the expected signals and consequence", arguments: table)
    func assess(_ line: Case) {
        let suspicion = RiskAssessment(of: line.circumstances, by: RiskRules())
        #expect(suspicion.signals == line.signals)
        #expect(suspicion.consequence == line.consequence)
    }

    @Test("the consequence of each signal is configurable, and the most severe one applies")
    func rules() {
        let circumstances = SignInCircumstances(
            isDeviceKnown: false, event: Self.visit("hotel", Self.newYork),
            former: [Self.visit("home", Self.munich, hoursAgo: 1)])
        var rules = RiskRules()
        for (signal, consequence) in [
            (RiskSignal.impossibleTravel, RiskConsequence.ignore), (.unknownCountry, .factor),
            (.unknownNetwork, .refuse),
        ] {
            rules.consequences[signal] = consequence
            #expect(RiskAssessment(of: circumstances, by: rules).consequence == max(consequence, .notify))
        }
        rules.consequences = [:]
        #expect(RiskAssessment(of: circumstances, by: rules).consequence == .ignore)
    }

    @Test("a new browser alone is not alarming, unless the rules escalate it")
    func alarm() {
        let circumstances = SignInCircumstances(
            isDeviceKnown: false, event: Self.visit("cafe", nil), former: [Self.visit("home", nil, hoursAgo: 1)])
        var rules = RiskRules()
        #expect(!RiskAssessment(of: circumstances, by: rules).isAlarming(by: rules))
        rules.consequences[.unknownNetwork] = .notify
        #expect(RiskAssessment(of: circumstances, by: rules).isAlarming(by: rules))
        rules = RiskRules()
        rules.consequences[.unknownDevice] = .factor
        #expect(RiskAssessment(of: circumstances, by: rules).isAlarming(by: rules))
    }

    /// Expected values by the haversine formula, computed independently of this code.
    @Test(
        "distances follow the great circle, less the uncertainty",
        arguments: [
            (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), (0, 0, 0, 180, 0, 20_015), (90, 0, -90, 0, 0, 20_015),
            (0, 179.5, 0, -179.5, 0, 111.2), (48.14, 11.58, 40.71, -74.01, 0, 6_488),
            (48.14, 11.58, 40.71, -74.01, 3_000, 488),
            (48.14, 11.58, 48.37, 10.90, 100, 0),
        ])
    func distance(_ a: Double, _ b: Double, _ c: Double, _ d: Double, uncertainty: Double, kilometres: Double) {
        let one = Location.Coordinates(latitude: a, longitude: b, uncertainty: uncertainty)
        let other = Location.Coordinates(latitude: c, longitude: d, uncertainty: uncertainty)
        #expect(abs(one.distance(to: other) - kilometres) <= max(1, kilometres / 500))
        #expect(one.distance(to: other) == other.distance(to: one))
    }
}
