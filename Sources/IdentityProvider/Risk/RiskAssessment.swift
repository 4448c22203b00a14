import FoundationEssentials

/// What is known of a sign-in besides what was shown: what `RiskAssessment` is judged by.
struct SignInCircumstances: Sendable, Hashable {
    /// A sign-in and where it was.
    struct Event: Sendable, Hashable {
        /// `nil` where the address is none of the Internet.
        let network: String?
        let location: Location?
        let moment: Date
    }

    /// `nil` for a program, that keeps no cookie to be known by.
    var isDeviceKnown: Bool?
    let event: Event
    /// The last one from each network that the person is known in, the latest first.
    var former: [Event] = []
    /// Accounts that this subscriber lately failed at.
    var accountsTriedFromHere = 0
    /// Subscribers that lately failed at this account.
    var subscribersAtAccount = 0
}

/// How unusual a sign-in is, and what follows. Pure; judged once, when the first factor was shown.
struct RiskAssessment: Sendable, Codable, Hashable {
    let signals: [RiskSignal]
    let consequence: RiskConsequence

    private enum CodingKeys: String, CodingKey {
        case signals, consequence
    }

    /// Where there is nothing to suspect: somebody who is signed in shows more.
    static let none = RiskAssessment(signals: [], consequence: .ignore)

    private init(signals: [RiskSignal], consequence: RiskConsequence) {
        self.signals = signals
        self.consequence = consequence
    }

    init(of circumstances: SignInCircumstances, by rules: RiskRules) {
        signals = RiskSignal.allCases.filter(circumstances.show)
        consequence = signals.map(rules.consequence).max() ?? .ignore
    }

    /// Whether it is no more than a new browser.
    var isNewDevice: Bool {
        signals.contains(.unknownDevice) && signals.allSatisfy { [.unknownDevice, .unknownNetwork].contains($0) }
    }

    /// Whether it is more than a new browser that nothing is made of but a notice: that everybody has now and then.
    func isAlarming(by rules: RiskRules) -> Bool {
        signals.contains { signal in
            let consequence = rules.consequence(of: signal)
            return consequence > .notify || consequence == .notify && signal != .unknownDevice
        }
    }
}

extension SignInCircumstances {
    fileprivate func show(_ signal: RiskSignal) -> Bool {
        switch signal {
        // The first sign-in of all is new in every way.
        case .unknownDevice: !former.isEmpty && !isFamiliar
        case .unknownNetwork: !former.isEmpty && !isNetworkKnown
        case .unknownCountry: isCountryUnknown
        case .impossibleTravel: isTravelImpossible
        // Whoever attacks from elsewhere must not make trouble where the person is known.
        case .manyAccounts: !isFamiliar && accountsTriedFromHere >= RiskRules.many
        case .manyAddresses: !isFamiliar && subscribersAtAccount >= RiskRules.many
        }
    }

    private var isNetworkKnown: Bool { former.contains { $0.network == event.network } }

    /// A program has no cookie to be known by: its network stands in.
    private var isFamiliar: Bool { isDeviceKnown ?? isNetworkKnown }

    private var isCountryUnknown: Bool {
        let known = former.compactMap(\.location?.country)
        guard let country = event.location?.country, !known.isEmpty else { return false }
        return !known.contains(country)
    }

    private var isTravelImpossible: Bool {
        guard let last = former.first, let here = event.location?.coordinates, let there = last.location?.coordinates
        else {
            return false
        }
        let distance = there.distance(to: here)
        let hours = max(0, event.moment.timeIntervalSince(last.moment)) / 3_600
        return distance >= RiskRules.leastDistance && distance > RiskRules.speed * hours
    }
}
