/// Something about a sign-in that its person does not do as a rule.
package enum RiskSignal: String, Sendable, Codable, CaseIterable {
    /// A browser in which they did not sign in before.
    case unknownDevice = "unknown_device"
    case unknownNetwork = "unknown_network"
    case unknownCountry = "unknown_country"
    /// Farther from the last sign-in than anybody travels in the time between.
    case impossibleTravel = "impossible_travel"
    /// From where many accounts were tried in vain.
    case manyAccounts = "many_accounts"
    /// At an account that was tried in vain from many places.
    case manyAddresses = "many_addresses"
}

/// What a signal leads to, the mildest first.
package enum RiskConsequence: String, Sendable, Codable, CaseIterable, Comparable {
    case ignore = "ignore"
    /// The person gets a mail.
    case notify = "notify"
    /// The person must show a second factor, if they have any: a browser that is remembered does not stand in for it. They
    /// get a mail, too.
    case factor = "factor"
    /// There is no sign-in, and the person gets a mail. Whoever tries is told what a wrong password is told.
    case refuse = "refuse"

    package static func < (one: RiskConsequence, other: RiskConsequence) -> Bool {
        let order = allCases
        return order.firstIndex(of: one) ?? 0 < order.firstIndex(of: other) ?? 0
    }
}

/// What an operator wants each signal to lead to.
package struct RiskRules: Sendable, Hashable {
    package var consequences: [RiskSignal: RiskConsequence] = [
        .unknownDevice: .notify, .unknownNetwork: .ignore, .unknownCountry: .notify, .impossibleTravel: .factor,
        .manyAccounts: .factor, .manyAddresses: .factor,
    ]

    package init() {}

    /// So many accounts that one subscriber failed at within an hour of each other, or subscribers at one account, are
    /// many. Colleagues behind one address mistype, too.
    static let many = 10
    /// Faster than anybody travels, in kilometres an hour.
    static let speed = 1_000.0
    /// Databases place an address in the wrong city, and mobile networks a whole country in its capital: below this
    /// distance, in kilometres, nothing is made of it.
    static let leastDistance = 500.0

    func consequence(of signal: RiskSignal) -> RiskConsequence { consequences[signal] ?? .ignore }
}
