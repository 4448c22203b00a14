package import FoundationEssentials

/// A way for a user to authenticate.
package enum Factor: String, Codable, Sendable, CaseIterable {
    case password = "password"
    /// Another provider.
    case upstream = "upstream"
    case passkey = "passkey"
    case totp = "totp"
    case emailCode = "email_code"
    case recoveryCode = "recovery_code"
    case accessCode = "access_code"
}

/// A factor that a user has shown successfully.
package struct ShownFactor: Codable, Hashable, Sendable {
    package let factor: Factor
    /// Whether the authenticator verified its user with a PIN or biometrics (WebAuthn §6.1, flag UV).
    package let verifiesUser: Bool
    /// The `amr` values for this factor (RFC 8176 §2).
    package let methods: [String]
    /// When the credential was added; `nil` if that is unknown or irrelevant.
    package private(set) var addedAt: Date?
    /// The sign-in at an upstream; `nil` for all other factors.
    package private(set) var upstream: UpstreamSignIn?

    private enum CodingKeys: String, CodingKey {
        case factor, verifiesUser, methods, addedAt, upstream
    }

    package init(_ factor: Factor, verifiesUser: Bool = false, methods: [String]) {
        self.factor = factor
        self.verifiesUser = verifiesUser
        self.methods = methods
    }
}

extension ShownFactor {
    package static let password = ShownFactor(.password, methods: ["pwd"])
    /// `fed` stands for the upstream's own methods, which its assurance rules judge.
    package static func upstream(_ signIn: UpstreamSignIn) -> ShownFactor {
        var factor = ShownFactor(.upstream, methods: ["fed"])
        factor.upstream = signIn
        return factor
    }
    package static let totp = ShownFactor(.totp, methods: ["otp"])
    package static let emailCode = ShownFactor(.emailCode, methods: ["otp"])
    package static let recoveryCode = ShownFactor(.recoveryCode, methods: ["otp"])
    package static let accessCode = ShownFactor(.accessCode, methods: ["otp"])
    /// `isHardware` means that the key can't leave the authenticator: the credential is not eligible for backup.
    package static func passkey(verifiesUser: Bool, isHardware: Bool) -> ShownFactor {
        ShownFactor(.passkey, verifiesUser: verifiesUser, methods: [isHardware ? "hwk" : "swk", "user"])
    }

    func added(at moment: Date?) -> ShownFactor {
        var factor = self
        factor.addedAt = moment
        return factor
    }
}
