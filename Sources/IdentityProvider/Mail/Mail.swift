package import FoundationEssentials

/// A mail that is due to somebody, as it waits in the outbox: what happened, not yet its words. Whom it concerns is looked
/// up when it is sent, so that no answer's time tells who has an account.
package struct Mail: Codable, Sendable, Hashable {
    package enum Occasion: Codable, Sendable, Hashable {
        /// Somebody wants an account with this address.
        case signUp(MailAddress)
        /// An administrator offers one.
        case invitation(MailAddress)
        /// Somebody who gave this name or address has forgotten the password.
        case passwordReset(name: String)
        /// A user's address is to be proven.
        case emailVerification(Identifier<User>)
        /// A user wants another address: goes to the one they have.
        case emailChange(Identifier<User>, to: MailAddress)
        /// The user's present address agreed: goes to the new one.
        case emailChangeAgreed(Identifier<User>, to: MailAddress)
        /// Goes to the address that was the user's.
        case emailChanged(Identifier<User>, from: MailAddress)
        case signInCode(Identifier<User>, code: String)
        /// `address` may be in words, with its place.
        case unknownDevice(Identifier<User>, device: String, address: String)
        /// A sign-in that was let in, or refused though its password was right.
        case unusualSignIn(Identifier<User>, device: String, address: String, isRefused: Bool)
        case passwordChanged(Identifier<User>)
        /// `factor` is a key of the texts: `totp`, `passkey`, `recovery_code`.
        case factorAdded(Identifier<User>, factor: String)
        case factorRemoved(Identifier<User>, factor: String)
        /// Too many guesses at whoever has this name: with a link that lets the person in again.
        case lockedOut(name: String)
        /// The same at the codes of a user whose password was known.
        case secondFactorLocked(Identifier<User>)
        /// Of a recovery under way, as long as it is.
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
    /// The browser's `Accept-Language`, for people whose language is not known otherwise.
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
    /// Seconds after which the mail is of no use to anybody any more.
    var usefulFor: TimeInterval {
        switch self {
        case .signInCode: 600
        case .passwordReset, .signUp, .lockedOut, .secondFactorLocked: 3_600
        case .invitation, .emailVerification, .emailChange, .emailChangeAgreed, .emailChanged, .unknownDevice,
            .unusualSignIn, .passwordChanged, .factorAdded, .factorRemoved, .recovery:
            Self.noticeLifetime
        }
    }

    /// Seconds in which news is of use.
    static let noticeLifetime: TimeInterval = 2 * 86_400
}

/// What is told of a recovery.
package enum RecoveryNotice: String, Codable, Sendable, Hashable {
    case started = "started"
    case reminder = "reminder"
    case ready = "ready"
    case canceled = "canceled"
}
