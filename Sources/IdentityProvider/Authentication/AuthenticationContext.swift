/// The strength of a sign-in: the issuer's `acr` values, weakest first (OpenID Connect Core §2).
package enum AuthenticationContext: String, Sendable, Codable, CaseIterable {
    /// One factor.
    case singleFactor = "urn:martlet:acr:1"
    /// Two factors of different kinds.
    case multiFactor = "urn:martlet:acr:2"
    /// Two factors, one of them bound to the site's origin: a passkey.
    case phishingResistant = "urn:martlet:acr:3"
}

extension AuthenticationContext: Comparable {
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    /// Creates the context that the shown factors reach; `nil` if there are none.
    init?(reachedBy shown: [ShownFactor]) {
        guard !shown.isEmpty else { return nil }
        let passkeys = shown.filter { $0.factor == .passkey }
        let hasPassword = shown.contains { $0.factor == .password }
        let hasFirst = hasPassword || shown.contains { $0.factor == .upstream }
        let hasCode = shown.contains { [.totp, .recoveryCode, .accessCode].contains($0.factor) }
        // The mailbox may be all that the upstream's account rests on.
        let hasEmailCode = hasPassword && shown.contains { $0.factor == .emailCode }
        let vouched = shown.compactMap(\.upstream?.context).max() ?? .singleFactor
        if passkeys.contains(where: \.verifiesUser) || (hasFirst && !passkeys.isEmpty) {
            self = .phishingResistant
        } else if hasFirst && (hasCode || hasEmailCode) {
            self = max(.multiFactor, vouched)
        } else {
            self = vouched
        }
    }

    /// Returns the weakest of the supported `values`; `nil` if none is supported. `acr_values` lists alternatives, so
    /// the weakest is enough.
    static func weakest(of values: [String]) -> AuthenticationContext? {
        values.compactMap(AuthenticationContext.init(rawValue:)).min()
    }

    /// Parses the value of a configuration or resource document.
    package static func registered(_ text: String) throws(InvalidValue) -> AuthenticationContext {
        guard let context = AuthenticationContext(rawValue: text) else {
            throw InvalidValue("must be one of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return context
    }
}
