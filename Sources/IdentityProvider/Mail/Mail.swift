package import FoundationEssentials

/// An email as it waits in the outbox: what happened, not yet its text. The recipient is looked up when it is sent, so
/// that no response time reveals who has an account.
package struct Mail: Codable, Sendable, Hashable {
    package enum Occasion: Codable, Sendable, Hashable {
        /// Someone wants an account with this address.
        case signUp(MailAddress)
        /// An administrator offers an account with this address.
        case invitation(MailAddress)
        /// Someone forgot the password of the account with this name or address.
        case passwordReset(name: String)
        /// A user must verify their address.
        case emailVerification(Identifier<User>)
        /// A user wants another address. Goes to the current one.
        case emailChange(Identifier<User>, to: MailAddress)
        /// The change was agreed to from the current address. Goes to the new one.
        case emailChangeAgreed(Identifier<User>, to: MailAddress)
        /// Goes to the user's former address.
        case emailChanged(Identifier<User>, from: MailAddress)
        case signInCode(Identifier<User>, code: String)
        /// `address` may include its location in words.
        case unknownDevice(Identifier<User>, device: String, address: String)
        /// A sign-in that was allowed, or refused although its password was correct.
        case unusualSignIn(Identifier<User>, device: String, address: String, isRefused: Bool)
        case passwordChanged(Identifier<User>)
        /// `factor` is part of the text keys: `totp`, `passkey`, `recovery_code`.
        case factorAdded(Identifier<User>, factor: String)
        case factorRemoved(Identifier<User>, factor: String)
        /// Too many guesses locked the account with this name. The email has a link that ends the lockout.
        case lockedOut(name: String)
        /// Too many guesses at the second factor of a user, after a correct password.
        case secondFactorLocked(Identifier<User>)
        /// The progress of an account recovery. Except for `canceled`, sent only while the recovery lasts.
        case recovery(Identifier<User>, Identifier<AccountRecovery>, RecoveryNotice, readyAt: Date)

        private enum CodingKeys: String, CodingKey {
            case signUp, invitation, passwordReset, emailVerification, emailChange, emailChangeAgreed, emailChanged,
                signInCode, unknownDevice, unusualSignIn, passwordChanged, factorAdded, factorRemoved, lockedOut,
                secondFactorLocked, recovery
        }
        private enum SignUpCodingKeys: String, CodingKey { case _0 }
        private enum InvitationCodingKeys: String, CodingKey { case _0 }
        private enum PasswordResetCodingKeys: String, CodingKey { case name }
        private enum EmailVerificationCodingKeys: String, CodingKey { case _0 }
        private enum EmailChangeCodingKeys: String, CodingKey { case _0, to }
        private enum EmailChangeAgreedCodingKeys: String, CodingKey { case _0, to }
        private enum EmailChangedCodingKeys: String, CodingKey { case _0, from }
        private enum SignInCodeCodingKeys: String, CodingKey { case _0, code }
        private enum UnknownDeviceCodingKeys: String, CodingKey { case _0, device, address }
        private enum UnusualSignInCodingKeys: String, CodingKey { case _0, device, address, isRefused }
        private enum PasswordChangedCodingKeys: String, CodingKey { case _0 }
        private enum FactorAddedCodingKeys: String, CodingKey { case _0, factor }
        private enum FactorRemovedCodingKeys: String, CodingKey { case _0, factor }
        private enum LockedOutCodingKeys: String, CodingKey { case name }
        private enum SecondFactorLockedCodingKeys: String, CodingKey { case _0 }
        private enum RecoveryCodingKeys: String, CodingKey { case _0, _1, _2, readyAt }
    }

    package let occasion: Occasion
    package let queuedAt: Date
    /// The browser's `Accept-Language`, used if the user's language is unknown.
    package let acceptLanguage: String?

    private enum CodingKeys: String, CodingKey {
        case occasion, queuedAt, acceptLanguage
    }

    package init(_ occasion: Occasion, queuedAt: Date, acceptLanguage: String? = nil) {
        self.occasion = occasion
        self.queuedAt = queuedAt
        self.acceptLanguage = acceptLanguage
    }
}

extension Mail.Occasion {
    /// How long the email is useful, in seconds.
    var usefulFor: TimeInterval {
        switch self {
        case .signInCode: 600
        case .passwordReset, .signUp, .lockedOut, .secondFactorLocked: 3_600
        case .invitation, .emailVerification, .emailChange, .emailChangeAgreed, .emailChanged, .unknownDevice,
            .unusualSignIn, .passwordChanged, .factorAdded, .factorRemoved, .recovery:
            Self.noticeLifetime
        }
    }

    /// How long a notice is useful, in seconds.
    static let noticeLifetime: TimeInterval = 2 * 86_400
}

/// What an email reports about an account recovery.
package enum RecoveryNotice: String, Codable, Sendable, Hashable {
    case started = "started"
    case reminder = "reminder"
    case ready = "ready"
    case canceled = "canceled"
}
