/// An event that someone may need to investigate, recorded with `AuditLog.record` by the operation that causes it. Its
/// fields never contain secrets, nor user input that could be one.
package enum AuditEvent: Sendable, Hashable {
    // Sign-in and sign-out
    /// `factors` distinguishes the kinds of one-time codes, which `amr` cannot.
    case signedIn(factors: [Factor], amr: [String], acr: String, upstream: Identifier<Upstream>? = nil)
    case signInRefused(SignInRefusal, Factor)
    /// Another factor raised the session's `acr` without a new sign-in.
    case steppedUp(Factor, acr: String)
    /// The user chose one of several accounts that are signed in in the browser.
    case accountChosen
    case signedOut
    /// One session, for whatever reason except expiry.
    case sessionEnded(reason: String)
    /// All of a user's sessions, or all but the current one.
    case sessionsEnded
    case suspiciousSignIn(signals: [String], consequence: String)
    /// Too many wrong passwords or second factors locked the account for this long.
    case accountLocked(seconds: Int)
    case accountUnlocked
    case forwardAuthenticationRefused(reason: String)
    /// A sign-in at an upstream led to nothing. The user is shown a page for the reason.
    case upstreamRefused(upstream: Identifier<Upstream>, reason: String)
    /// An upstream ended this many sessions (OpenID Connect Back-Channel Logout).
    case upstreamSignedOut(upstream: Identifier<Upstream>, sessions: Int)
    /// The client took a logout token (OpenID Connect Back-Channel Logout §2.5).
    case clientNotified
    /// The client refused a logout token, or could not be reached for days.
    case clientNotNotified(reason: String)

    // Factors and recovery
    case factorEnrolled(Factor)
    /// A wrong first code, or an invalid credential.
    case enrolmentRefused(Factor)
    case factorRenamed(Factor)
    case factorRemoved(Factor)
    /// The user can now sign in with an account at an upstream.
    case upstreamLinked(Identifier<Upstream>)
    case upstreamUnlinked(Identifier<Upstream>)
    /// A passkey's signature counter did not increase: the passkey may have been cloned (WebAuthn §7.2).
    case passkeyCounterWentBack
    case recoveryCodesMade(count: Int)
    case recoveryCodeUsed(remaining: Int)
    /// An operator made an access code, which works for this long.
    case accessCodeMade(seconds: Int)
    case accessCodeUsed
    case emailCodeSent
    case passwordChanged
    /// The user reported that someone else knows the password, which no longer works.
    case passwordWithdrawn
    case passwordResetRequested
    case passwordReset
    /// Someone with access to the mailbox reported factors. After this many seconds, that
    /// access suffices to remove them.
    case recoveryStarted(seconds: Int)
    case recoveryCanceled
    case recoveryFinished
    case deviceRemembered
    /// One browser, or all of them, are no longer remembered.
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

    // Consent and tokens
    /// `details` names the types of the authorization details.
    case consentGiven(scope: Scope, details: [String] = [])
    case consentRefused
    case consentWithdrawn
    case authorizationGranted(scope: Scope, details: [String] = [])
    /// A device asked for codes (RFC 8628 §3.1).
    case deviceRequested(scope: Scope)
    /// `place` says where the device is, seen from the user's browser (RFC 10027 §6.1.1).
    case deviceApproved(scope: Scope, place: String)
    case deviceDenied(place: String)
    /// A user entered a code that names no device, or may not enter or approve more of them.
    case deviceCodeRefused(reason: String)
    /// A user entered the code of a device that was approved or denied before (RFC 10027 §6.1.4).
    case deviceCodeReused
    /// `audience` names the resource servers. `further` counts tokens that have no record of their own.
    case tokensIssued(grant: GrantType, scope: Scope, audience: [String] = [], further: FurtherTokens? = nil)
    /// An authorization code or device code was replayed: the tokens issued for it are revoked (RFC 6749 §4.1.2).
    case codeReplayed
    /// A refresh token was reused after its successor: its authorization is revoked (RFC 9700 §4.14.2).
    case refreshTokenReused
    case authorizationRevoked
    /// All authorizations of a client, when an operator disables it or enables it again.
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
    /// A receiver refused a security event, which is not sent again. `error` is the receiver's code (RFC 8935 §2.4).
    case securityEventRefused(stream: Identifier<EventStream>, error: String)
    case keyMade(id: String, algorithm: String)
    case keyRetired(id: String)
    case dataKeyMade(keyClass: DataKeyClass, number: Int)
    /// The data keys are now wrapped under the master key with this name.
    case masterKeyRotated(name: String)
    /// Values at rest were resealed under a new key.
    case valuesResealed(count: Int)
    /// After a compromise, all keys were replaced and all sessions and tokens ended.
    case keysReplaced
    case exported(AuditExport, records: Int)

    // The audit log
    /// A chain began. It records how long the other chains were.
    case logBegan(witnessed: [AuditWitness])
    case logWitnessed([AuditWitness])
    case logEnded
    /// Events were lost here because the log could not be written.
    case eventsLost(Int)
}

/// Why a sign-in was refused. The user is shown the same message for all reasons.
package enum SignInRefusal: String, Sendable, CaseIterable {
    /// No account has this name.
    case unknownUser = "unknown_user"
    case wrongCredential = "wrong_credential"
    case disabled = "disabled"
    case locked = "locked"
    case throttled = "throttled"
    /// Riskier than the policy allows.
    case suspicious = "suspicious"
    /// No account is linked to the account at the upstream.
    case unlinked = "unlinked"
    /// The account or the session changed between the check and the new session.
    case overtaken = "overtaken"
}

/// How an account was created.
package enum AccountOrigin: String, Sendable, CaseIterable {
    case signUp = "sign_up"
    case invitation = "invitation"
    case administration = "administration"
    /// The first sign-in with an upstream.
    case upstream = "upstream"
}

/// The data that was exported.
package enum AuditExport: String, Sendable, CaseIterable {
    /// All issuers and all their data.
    case everything = "everything"
    case auditRecords = "audit_records"
    /// The stored data of one user, exported by that user.
    case personalData = "personal_data"
}

/// Who caused an event.
package enum AuditActor: Sendable, Hashable {
    /// Someone who has not proved their identity.
    case visitor
    case user(Identifier<User>)
    case client(Identifier<Client>)
    /// Someone at the command line, by the name of their operating system account.
    case commandLine(String)
    /// Martlet itself.
    case system
}
