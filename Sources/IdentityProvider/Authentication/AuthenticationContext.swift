/// How strongly somebody signed in: the `acr` values of this issuer, weakest first (OpenID Connect Core §2).
package enum AuthenticationContext: String, Sendable, Codable, CaseIterable {
    /// One factor.
    case singleFactor = "urn:martlet:acr:1"
    /// Two factors of different kinds.
    case multiFactor = "urn:martlet:acr:2"
    /// Two factors, of which one answers to the right site only: a passkey.
    case phishingResistant = "urn:martlet:acr:3"
}

extension AuthenticationContext: Comparable {
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    /// What was reached by showing these; `nil` by showing nothing.
    init?(reachedBy shown: [ShownFactor]) {
        guard !shown.isEmpty else { return nil }
        let passkeys = shown.filter { $0.factor == .passkey }
        let hasPassword = shown.contains { $0.factor == .password }
        let hasCode = shown.contains { [.totp, .emailCode, .recoveryCode].contains($0.factor) }
        if passkeys.contains(where: \.verifiesUser) || (hasPassword && !passkeys.isEmpty) {
            self = .phishingResistant
        } else if hasPassword && hasCode {
            self = .multiFactor
        } else {
            self = .singleFactor
        }
    }

    /// The weakest of the values that are known here, as one that satisfies them all in the order of preference.
    static func weakest(of values: [String]) -> AuthenticationContext? {
        values.compactMap(AuthenticationContext.init(rawValue:)).min()
    }

    /// As a document names it.
    package static func registered(_ text: String) throws(InvalidValue) -> AuthenticationContext {
        guard let context = AuthenticationContext(rawValue: text) else {
            throw InvalidValue("must be one of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return context
    }
}
