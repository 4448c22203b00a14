import FoundationEssentials

/// The circumstances of a sign-in, besides the factors shown, from which its risk is assessed.
struct SignInCircumstances: Sendable, Hashable {
    /// A sign-in and its origin.
    struct Event: Sendable, Hashable {
        /// `nil` if the address is not an Internet address.
        let network: String?
        let location: Location?
        let moment: Date
    }

    /// `nil` for programs other than browsers, which keep no device cookie.
    var isDeviceKnown: Bool?
    let event: Event
    /// The last sign-in from each of the user's known networks, newest first.
    var former: [Event] = []
    /// The number of accounts at which this subscriber recently failed.
    var accountsTriedFromHere = 0
    /// The number of subscribers that recently failed at this account.
    var subscribersAtAccount = 0
}

/// The risk of a sign-in and its consequence. Pure. Assessed once, when the first factor is shown.
struct RiskAssessment: Sendable, Codable, Hashable {
    let signals: [RiskSignal]
    let consequence: RiskConsequence

    private enum CodingKeys: String, CodingKey {
        case signals, consequence
    }

    /// No risk. Used for step-ups, where the user is already signed in.
    static let none = RiskAssessment(signals: [], consequence: .ignore)

    private init(signals: [RiskSignal], consequence: RiskConsequence) {
        self.signals = signals
        self.consequence = consequence
    }

    init(of circumstances: SignInCircumstances, by rules: RiskRules) {
        signals = RiskSignal.allCases.filter(circumstances.show)
        consequence = signals.map(rules.consequence).max() ?? .ignore
    }

    /// Whether a new browser, possibly on a new network, is all that is unusual.
    var isNewDevice: Bool {
        signals.contains(.unknownDevice) && signals.allSatisfy { [.unknownDevice, .unknownNetwork].contains($0) }
    }

    /// Whether the sign-in belongs in the audit log. A new browser that leads only to a notice does not: everyone has
    /// one now and then.
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
        // The very first sign-in is new in every respect.
        case .unknownDevice: !former.isEmpty && !isFamiliar
        case .unknownNetwork: !former.isEmpty && !isNetworkKnown
        case .unknownCountry: isCountryUnknown
        case .impossibleTravel: isTravelImpossible
        // An attack from elsewhere must not inconvenience users where they are known.
        case .manyAccounts: !isFamiliar && accountsTriedFromHere >= RiskRules.many
        case .manyAddresses: !isFamiliar && subscribersAtAccount >= RiskRules.many
        }
    }

    private var isNetworkKnown: Bool { former.contains { $0.network == event.network } }

    /// Programs have no device cookie, so a known network stands in.
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
