/// What happened that somebody may ask about one day: recorded with `AuditLog.record` by the operation that did it.
/// Its fields never hold a secret, nor text that a stranger typed and that could be one.
package enum AuditEvent: Sendable, Hashable {
    // Signing in and out
    /// `amr` cannot tell codes apart: `factors` does.
    case signedIn(factors: [Factor], amr: [String], acr: String)
    case signInRefused(SignInRefusal, Factor)
    /// A session became stronger by a further factor: nobody signed in.
    case steppedUp(Factor, acr: String)
    case signedOut
    /// All of a user's sessions, or all but the one at hand.
    case sessionsEnded
    case suspiciousSignIn(signals: [String], consequence: String)
    /// So many wrong guesses at the password or at the second factor that nobody may try for so long.
    case accountLocked(seconds: Int)
    case accountUnlocked
    case forwardAuthenticationRefused(reason: String)

    // What a person can prove
    case factorEnrolled(Factor)
    /// A wrong first code, or a credential that is none.
    case enrolmentRefused(Factor)
    case factorRenamed(Factor)
    case factorRemoved(Factor)
    /// A passkey's counter went back: there may be a copy of it (WebAuthn §7.2).
    case passkeyCounterWentBack
    case recoveryCodesMade(count: Int)
    case recoveryCodeUsed(remaining: Int)
    case emailCodeSent
    case passwordChanged
    /// Its owner said that somebody else knows it: it opens nothing any more.
    case passwordWithdrawn
    case passwordResetRequested
    case passwordReset
    /// Somebody who reads the mailbox reported factors; after so long it is enough to remove them.
    case recoveryStarted(seconds: Int)
    case recoveryCanceled
    case recoveryFinished
    case deviceRemembered
    /// One browser is a stranger again, or all are.
    case deviceRevoked(all: Bool)

    // Accounts
    case accountCreated(AccountOrigin)
    case accountDeleted
    case accountEnabled(Bool)
    case emailChangeRequested
    case emailChanged
    case emailVerified
    case profileChanged(members: [String])
    case invitationSent
    case invitationAccepted

    // What clients were given
    case consentGiven(scope: Scope)
    case consentRefused
    case consentWithdrawn
    case authorizationGranted(scope: Scope)
    case tokensIssued(grant: GrantType, scope: Scope)
    /// A code came a second time: what the first use bought is revoked (RFC 6749 §4.1.2).
    case codeReplayed
    /// A refresh token came again after its successor: its authorization is revoked (RFC 9700 §4.14.2).
    case refreshTokenReused
    case authorizationRevoked
    /// All that users granted to a client, when an operator disables it or enables it again.
    case authorizationsRevoked(count: Int)
    case tokenRevoked
    case clientAuthenticationFailed(reason: String)
    /// A request ended in an error; `reason` is the description that the client may see.
    case requestRefused(route: String, error: OAuthError.Code, reason: String)

    // Administration
    case resourceChanged(kind: String, name: String, action: ResourceAction, members: [String])
    case membershipGiven(roles: [String], groups: [String])
    case membershipWithdrawn(roles: [String], groups: [String])
    case clientSecretRenewed
    case clientEnabled(Bool)
    case keyMade(id: String, algorithm: String)
    case keyRetired(id: String)
    case dataKeyMade(keyClass: DataKeyClass, number: Int)
    /// The data keys are wrapped under the master key of this name now.
    case masterKeyRotated(name: String)
    /// So many values at rest were sealed under a new key.
    case valuesResealed(count: Int)
    /// After a compromise every key was replaced, and every session and token ended.
    case keysReplaced
    case exported(AuditExport, records: Int)

    // The log itself
    /// A chain begins; it bears witness to how far the others had come.
    case logBegan(witnessed: [AuditWitness])
    case logWitnessed([AuditWitness])
    case logEnded
    /// So many events were lost here because the log could not be written.
    case eventsLost(Int)
}

/// Why somebody was not signed in. What the person was told is the same for all.
package enum SignInRefusal: String, Sendable, CaseIterable {
    /// No account has this name.
    case unknownUser = "unknown_user"
    case wrongCredential = "wrong_credential"
    case disabled = "disabled"
    case locked = "locked"
    case throttled = "throttled"
    /// Too suspicious for the policy.
    case suspicious = "suspicious"
    /// The account or the session changed between the check and the new session.
    case overtaken = "overtaken"
}

/// How an account came to be.
package enum AccountOrigin: String, Sendable, CaseIterable {
    case signUp = "sign_up"
    case invitation = "invitation"
    case administration = "administration"
}

/// What was taken out of the storage.
package enum AuditExport: String, Sendable, CaseIterable {
    /// All issuers with all that is theirs.
    case everything = "everything"
    case auditRecords = "audit_records"
    /// What is kept of one person, by themselves.
    case personalData = "personal_data"
}

/// Who did it.
package enum AuditActor: Sendable, Hashable {
    /// Somebody who has not proved who they are.
    case visitor
    case user(Identifier<User>)
    case client(Identifier<Client>)
    /// Somebody at the command line, by the name of the system's account.
    case commandLine(String)
    /// Martlet by itself.
    case system
}
