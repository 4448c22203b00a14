import FoundationEssentials

/// What is known of a sign-in besides what was shown: what `Suspicion` is judged by.
struct SignInCircumstances: Sendable, Hashable {
    /// A sign-in and where it was.
    struct Visit: Sendable, Hashable {
        /// `nil` where the address is none of the Internet.
        let network: String?
        let place: Place?
        let moment: Date
    }

    /// `nil` for a program, that keeps no cookie to be known by.
    var isDeviceKnown: Bool?
    let visit: Visit
    /// The last one from each network that the person is known in, the latest first.
    var former: [Visit] = []
    /// Accounts that this subscriber lately failed at.
    var accountsTriedFromHere = 0
    /// Subscribers that lately failed at this account.
    var subscribersAtAccount = 0
}

/// How unusual a sign-in is, and what follows. Pure; judged once, when the first factor was shown.
struct Suspicion: Sendable, Codable, Hashable {
    let signals: [SuspicionSignal]
    let consequence: SuspicionConsequence

    private enum CodingKeys: String, CodingKey {
        case signals, consequence
    }

    /// Where there is nothing to suspect: somebody who is signed in shows more.
    static let none = Suspicion(signals: [], consequence: .ignore)

    private init(signals: [SuspicionSignal], consequence: SuspicionConsequence) {
        self.signals = signals
        self.consequence = consequence
    }

    init(of circumstances: SignInCircumstances, by rules: SuspicionRules) {
        signals = SuspicionSignal.allCases.filter(circumstances.show)
        consequence = signals.map(rules.consequence).max() ?? .ignore
    }

    /// Whether it is no more than a new browser.
    var isNewDevice: Bool {
        signals.contains(.unknownDevice) && signals.allSatisfy { [.unknownDevice, .unknownNetwork].contains($0) }
    }

    /// Whether it is more than a new browser that nothing is made of but a notice: that everybody has now and then.
    func isAlarming(by rules: SuspicionRules) -> Bool {
        signals.contains { signal in
            let consequence = rules.consequence(of: signal)
            return consequence > .notify || consequence == .notify && signal != .unknownDevice
        }
    }
}

extension SignInCircumstances {
    fileprivate func show(_ signal: SuspicionSignal) -> Bool {
        switch signal {
        // The first sign-in of all is new in every way.
        case .unknownDevice: !former.isEmpty && !isFamiliar
        case .unknownNetwork: !former.isEmpty && !isNetworkKnown
        case .unknownCountry: isCountryUnknown
        case .impossibleTravel: isTravelImpossible
        // Whoever attacks from elsewhere must not make trouble where the person is known.
        case .manyAccounts: !isFamiliar && accountsTriedFromHere >= SuspicionRules.many
        case .manyAddresses: !isFamiliar && subscribersAtAccount >= SuspicionRules.many
        }
    }

    private var isNetworkKnown: Bool { former.contains { $0.network == visit.network } }

    /// A program has no cookie to be known by: its network stands in.
    private var isFamiliar: Bool { isDeviceKnown ?? isNetworkKnown }

    private var isCountryUnknown: Bool {
        let known = former.compactMap(\.place?.country)
        guard let country = visit.place?.country, !known.isEmpty else { return false }
        return !known.contains(country)
    }

    private var isTravelImpossible: Bool {
        guard let last = former.first, let here = visit.place?.coordinates, let there = last.place?.coordinates else {
            return false
        }
        let distance = there.distance(to: here)
        let hours = max(0, visit.moment.timeIntervalSince(last.moment)) / 3_600
        return distance >= SuspicionRules.leastDistance && distance > SuspicionRules.speed * hours
    }
}
