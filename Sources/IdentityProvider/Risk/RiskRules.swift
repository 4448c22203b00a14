/// An unusual property of a sign-in.
package enum RiskSignal: String, Sendable, Codable, CaseIterable {
    /// A browser in which the user has not signed in before.
    case unknownDevice = "unknown_device"
    case unknownNetwork = "unknown_network"
    case unknownCountry = "unknown_country"
    /// Farther from the last sign-in than anyone can travel in the time between.
    case impossibleTravel = "impossible_travel"
    /// The subscriber recently failed at many accounts.
    case manyAccounts = "many_accounts"
    /// Many subscribers recently failed at the account.
    case manyAddresses = "many_addresses"
}

/// The consequence of a signal, mildest first.
package enum RiskConsequence: String, Sendable, Codable, CaseIterable, Comparable {
    case ignore = "ignore"
    /// The user is notified by email.
    case notify = "notify"
    /// The user must show a second factor, if they have one, even in a trusted browser. They are also notified by
    /// email.
    case factor = "factor"
    /// The sign-in is refused and the user notified by email. The client sees the same as after a wrong password.
    case refuse = "refuse"

    package static func < (one: RiskConsequence, other: RiskConsequence) -> Bool {
        let order = allCases
        return order.firstIndex(of: one) ?? 0 < order.firstIndex(of: other) ?? 0
    }
}

/// The operator's choice of a consequence for each signal.
package struct RiskRules: Sendable, Hashable {
    package var consequences: [RiskSignal: RiskConsequence] = [
        .unknownDevice: .notify, .unknownNetwork: .ignore, .unknownCountry: .notify, .impossibleTravel: .factor,
        .manyAccounts: .factor, .manyAddresses: .factor,
    ]

    package init() {}

    /// The threshold for `manyAccounts` and `manyAddresses`, which are counted until an hour passes without a new one.
    /// High enough for colleagues who share an address and mistype.
    static let many = 10
    /// The highest plausible speed of travel, in kilometers per hour.
    static let speed = 1_000.0
    /// The shortest suspicious distance, in kilometers. Geolocation confuses cities, and mobile networks route a whole
    /// country through its capital.
    static let leastDistance = 500.0

    func consequence(of signal: RiskSignal) -> RiskConsequence { consequences[signal] ?? .ignore }
}
