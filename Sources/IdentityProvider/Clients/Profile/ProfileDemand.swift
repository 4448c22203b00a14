/// One demand of a specification on a client.
struct ProfileDemand: Sendable {
    /// Whether the specification insists on it, or only recommends it.
    enum Level: Sendable { case required, recommended }

    let section: String
    let level: Level
    /// The registered member that decides.
    let member: String
    /// Continues a sentence that starts with the member: "must be private_key_jwt".
    let advice: String
    let isMet: @Sendable (Client) -> Bool

    init(
        _ section: String, _ member: String, _ advice: String, level: Level = .required,
        _ isMet: @escaping @Sendable (Client) -> Bool
    ) {
        self.section = section
        self.member = member
        self.advice = advice
        self.level = level
        self.isMet = isMet
    }
}

/// What a specification demands of each client. What Martlet does for every client is not listed.
struct SecurityProfile: Sendable {
    let name: String
    let demands: [ProfileDemand]

    /// In the order of reports, from the weakest to the strictest.
    static let all = [oauth21, rfc9700, fapi2, fapi2MessageSigning]

    func unmet(by client: Client) -> [ProfileDemand] { demands.filter { !$0.isMet(client) } }
}
