import FoundationEssentials
import Testing

@testable import IdentityProvider

@Suite("RiskAssessment: what is made of a sign-in's circumstances")
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
        Case("as always", device: true, sameNetwork, after: [visit("home", munich, hoursAgo: 9)], [], .ignore),
        Case("the first sign-in of all is new in every way", device: false, sameNetwork, after: [], [], .ignore),
        Case("a program's first", device: nil, sameNetwork, after: [], [], .ignore),
        Case(
            "a new browser at home", device: false, sameNetwork, after: [visit("home", munich, hoursAgo: 9)],
            [.unknownDevice], .notify),
        Case(
            "a known browser in a new network", device: true, visit("cafe", munich),
            after: [visit("home", munich, hoursAgo: 9)], [.unknownNetwork], .ignore),
        Case(
            "a program in a known network", device: nil, sameNetwork, after: [visit("home", munich, hoursAgo: 9)], [],
            .ignore),
        Case(
            "a program in a new network", device: nil, visit("cafe", munich),
            after: [visit("home", munich, hoursAgo: 9)], [.unknownDevice, .unknownNetwork], .notify),
        Case(
            "over the ocean by aeroplane", device: true, visit("hotel", newYork),
            after: [visit("home", munich, hoursAgo: 9)], [.unknownNetwork, .unknownCountry], .notify),
        Case(
            "over the ocean in an hour", device: true, visit("hotel", newYork),
            after: [visit("home", munich, hoursAgo: 1)], [.unknownNetwork, .unknownCountry, .impossibleTravel],
            .factor),
        Case(
            "back to a known country as fast", device: true, sameNetwork,
            after: [visit("hotel", newYork, hoursAgo: 1), visit("home", munich, hoursAgo: 90)], [.impossibleTravel],
            .factor),
        Case(
            "two places at once that are not far apart", device: true, visit("cafe", augsburg),
            after: [visit("home", munich, hoursAgo: 0)], [.unknownNetwork], .ignore),
        Case(
            "the clock of another node goes ahead", device: true, visit("hotel", newYork),
            after: [visit("home", munich, hoursAgo: -1)], [.unknownNetwork, .unknownCountry, .impossibleTravel],
            .factor),
        Case(
            "where nothing is known of places", device: true, visit("hotel", nil),
            after: [visit("home", nil, hoursAgo: 1)], [.unknownNetwork], .ignore),
        Case(
            "where the last place is not known", device: true, visit("home", munich),
            after: [visit("home", nil, hoursAgo: 1)], [], .ignore),
        Case(
            "by a unix socket there are no networks", device: true, visit(nil, nil),
            after: [visit("home", munich, hoursAgo: 1)], [.unknownNetwork], .ignore),
        Case(
            "where nine accounts failed", device: false, sameNetwork, after: [], accounts: 9, subscribers: 9, [],
            .ignore),
        Case(
            "where ten accounts failed", device: false, sameNetwork, after: [], accounts: 10, [.manyAccounts], .factor),
        Case(
            "where ten subscribers failed", device: false, sameNetwork,
            after: [visit("home", munich, hoursAgo: 9)], subscribers: 10, [.unknownDevice, .manyAddresses], .factor),
        Case(
            "an attack does not trouble a known browser", device: true, sameNetwork,
            after: [visit("home", munich, hoursAgo: 9)], accounts: 99, subscribers: 99, [], .ignore),
        Case(
            "nor a program in its network", device: nil, sameNetwork, after: [visit("home", munich, hoursAgo: 9)],
            accounts: 99, subscribers: 99, [], .ignore),
    ]

    @Test("each line of the table", arguments: table)
    func assess(_ line: Case) {
        let suspicion = RiskAssessment(of: line.circumstances, by: RiskRules())
        #expect(suspicion.signals == line.signals)
        #expect(suspicion.consequence == line.consequence)
    }

    @Test("an operator chooses what each signal leads to; the gravest counts")
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

    @Test("a new browser alone is no alarm, unless the rules make more of it")
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

    /// Great-circle distances after the haversine formula, worked out apart from this code.
    @Test(
        "distances are those of the earth, less what is uncertain",
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
