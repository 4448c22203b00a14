import JOSE

/// A security profile that a client asks for. It turns on everything that the profile demands of the client. Registered
/// as `profile`, a Martlet extension.
package enum ClientProfile: String, Sendable, CaseIterable {
    /// FAPI 2.0 Security Profile.
    case fapi2 = "fapi2"
    /// FAPI 2.0 Message Signing, with signed requests and signed responses.
    case fapi2MessageSigning = "fapi2-message-signing"

    init(registered text: String) throws(InvalidValue) {
        guard let profile = ClientProfile(rawValue: text) else {
            throw InvalidValue("must be \(Self.allCases.map(\.rawValue).joined(separator: " or "))")
        }
        self = profile
    }

    var signsMessages: Bool { self == .fapi2MessageSigning }

    /// The permitted signature algorithms (FAPI 2.0 Security Profile §5.4.1).
    static let algorithms: [SignatureAlgorithm] = [.es256, .ps256, .ed25519, .edDSA]

    func permits(_ algorithm: SignatureAlgorithm) -> Bool { Self.algorithms.contains(algorithm) }
}
