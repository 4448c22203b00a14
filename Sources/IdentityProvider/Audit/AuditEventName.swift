extension AuditEvent {
    /// The names of all events, as recorded, queried and sent to webhooks.
    package enum Name: String, Sendable, CaseIterable {
        // Sign-in and sign-out
        case signedIn = "signed_in"
        case signInRefused = "sign_in_refused"
        case steppedUp = "stepped_up"
        case signedOut = "signed_out"
        case sessionsEnded = "sessions_ended"
        case suspiciousSignIn = "suspicious_sign_in"
        case accountLocked = "account_locked"
        case accountUnlocked = "account_unlocked"
        case forwardAuthenticationRefused = "forward_authentication_refused"

        // Factors and recovery
        case factorEnrolled = "factor_enrolled"
        case enrolmentRefused = "enrolment_refused"
        case factorRenamed = "factor_renamed"
        case factorRemoved = "factor_removed"
        case passkeyCounterWentBack = "passkey_counter_went_back"
        case recoveryCodesMade = "recovery_codes_made"
        case recoveryCodeUsed = "recovery_code_used"
        case accessCodeMade = "access_code_made"
        case accessCodeUsed = "access_code_used"
        case emailCodeSent = "email_code_sent"
        case passwordChanged = "password_changed"
        case passwordWithdrawn = "password_withdrawn"
        case passwordResetRequested = "password_reset_requested"
        case passwordReset = "password_reset"
        case recoveryStarted = "recovery_started"
        case recoveryCanceled = "recovery_canceled"
        case recoveryFinished = "recovery_finished"
        case deviceRemembered = "device_remembered"
        case deviceRevoked = "device_revoked"

        // Accounts
        case accountCreated = "account_created"
        case accountDeleted = "account_deleted"
        case accountEnabled = "account_enabled"
        case accountDisabled = "account_disabled"
        case emailChangeRequested = "email_change_requested"
        case emailChanged = "email_changed"
        case emailVerified = "email_verified"
        case profileChanged = "profile_changed"
        case invitationSent = "invitation_sent"
        case invitationAccepted = "invitation_accepted"

        // Consent and tokens
        case consentGiven = "consent_given"
        case consentRefused = "consent_refused"
        case consentWithdrawn = "consent_withdrawn"
        case authorizationGranted = "authorization_granted"
        case tokensIssued = "tokens_issued"
        case codeReplayed = "code_replayed"
        case refreshTokenReused = "refresh_token_reused"
        case authorizationRevoked = "authorization_revoked"
        case authorizationsRevoked = "authorizations_revoked"
        case tokenRevoked = "token_revoked"
        case clientAuthenticationFailed = "client_authentication_failed"
        case requestRefused = "request_refused"

        // Administration
        case resourceChanged = "resource_changed"
        case membershipGiven = "membership_given"
        case membershipWithdrawn = "membership_withdrawn"
        case clientSecretRenewed = "client_secret_renewed"
        case clientEnabled = "client_enabled"
        case clientDisabled = "client_disabled"
        case keyMade = "key_made"
        case keyRetired = "key_retired"
        case dataKeyMade = "data_key_made"
        case masterKeyRotated = "master_key_rotated"
        case valuesResealed = "values_resealed"
        case keysReplaced = "keys_replaced"
        case exported = "exported"

        // The audit log
        case logBegan = "log_began"
        case logWitnessed = "log_witnessed"
        case logEnded = "log_ended"
        case eventsLost = "events_lost"
    }
}
