import JOSE

/// Whether what happened was wanted.
package enum AuditOutcome: String, Sendable, CaseIterable {
    case success, refused
    /// A sign that somebody attacks or that something is broken.
    case alarm
}

extension AuditEvent {
    /// How an event stands in the log.
    struct Fields {
        let name: String
        let outcome: AuditOutcome
        let factor: Factor?
        let details: JSONObject

        init(
            _ name: String, _ outcome: AuditOutcome, factor: Factor? = nil, _ details: JSONObject = [:]
        ) {
            self.name = name
            self.outcome = outcome
            self.factor = factor
            self.details = details
        }

        init(_ name: String, factor: Factor? = nil, _ details: JSONObject = [:]) {
            self.init(name, .success, factor: factor, details)
        }
    }

    /// The name under which it is recorded and asked for.
    package var name: String { fields.name }

    /// One line an event, so that the whole vocabulary can be read in one place.
    var fields: Fields {
        switch self {
        case .signedIn(let amr, let acr): Fields("signed_in", ["amr": .texts(amr), "acr": .string(acr)])
        case .signInRefused(let reason, let factor):
            Fields("sign_in_refused", .refused, factor: factor, ["reason": .string(reason.rawValue)])
        case .steppedUp(let factor, let acr): Fields("stepped_up", factor: factor, ["acr": .string(acr)])
        case .signedOut: Fields("signed_out")
        case .sessionsEnded: Fields("sessions_ended")
        case .suspiciousSignIn(let signals, let consequence):
            Fields("suspicious_sign_in", .alarm, ["signals": .texts(signals), "consequence": .string(consequence)])
        case .accountLocked(let seconds): Fields("account_locked", .alarm, ["seconds": .integer(seconds)])
        case .accountUnlocked: Fields("account_unlocked")
        case .forwardAuthenticationRefused(let reason):
            Fields("forward_authentication_refused", .refused, ["reason": .string(reason)])

        case .factorEnrolled(let factor): Fields("factor_enrolled", factor: factor)
        case .factorRenamed(let factor): Fields("factor_renamed", factor: factor)
        case .factorRemoved(let factor): Fields("factor_removed", factor: factor)
        case .passkeyCounterWentBack: Fields("passkey_counter_went_back", .alarm, factor: .passkey)
        case .recoveryCodesMade(let count):
            Fields("recovery_codes_made", factor: .recoveryCode, ["count": .integer(count)])
        case .recoveryCodeUsed(let remaining):
            Fields("recovery_code_used", factor: .recoveryCode, ["remaining": .integer(remaining)])
        case .emailCodeSent: Fields("email_code_sent", factor: .emailCode)
        case .passwordChanged: Fields("password_changed", factor: .password)
        case .passwordResetRequested: Fields("password_reset_requested", factor: .password)
        case .passwordReset: Fields("password_reset", factor: .password)
        case .deviceRemembered: Fields("device_remembered")
        case .deviceRevoked(let all): Fields("device_revoked", ["all": .bool(all)])

        case .accountCreated(let origin): Fields("account_created", ["origin": .string(origin.rawValue)])
        case .accountDeleted: Fields("account_deleted")
        case .accountEnabled(let isEnabled): Fields(isEnabled ? "account_enabled" : "account_disabled")
        case .emailChangeRequested: Fields("email_change_requested")
        case .emailChanged: Fields("email_changed")
        case .emailVerified: Fields("email_verified")
        case .profileChanged(let members): Fields("profile_changed", ["members": .texts(members)])
        case .invitationSent: Fields("invitation_sent")
        case .invitationAccepted: Fields("invitation_accepted")

        case .consentGiven(let scope): Fields("consent_given", ["scope": .string(scope.text)])
        case .consentRefused: Fields("consent_refused", .refused)
        case .consentWithdrawn: Fields("consent_withdrawn")
        case .authorizationGranted(let scope): Fields("authorization_granted", ["scope": .string(scope.text)])
        case .tokensIssued(let grant, let scope):
            Fields("tokens_issued", ["grant": .string(grant.rawValue), "scope": .string(scope.text)])
        case .codeReplayed: Fields("code_replayed", .alarm)
        case .refreshTokenReused: Fields("refresh_token_reused", .alarm)
        case .authorizationRevoked: Fields("authorization_revoked")
        case .tokenRevoked: Fields("token_revoked")
        case .clientAuthenticationFailed(let reason):
            Fields("client_authentication_failed", .refused, ["reason": .string(reason)])
        case .requestRefused(let route, let error, let reason):
            Fields(
                "request_refused", .refused,
                ["route": .string(route), "error": .string(error.rawValue), "reason": .string(reason)])

        case .resourceChanged(let kind, let name, let action, let members):
            Fields(
                "resource_changed",
                [
                    "kind": .string(kind), "name": .string(name), "action": .string(action.rawValue),
                    "members": .texts(members),
                ])
        case .clientSecretRenewed: Fields("client_secret_renewed")
        case .clientEnabled(let isEnabled): Fields(isEnabled ? "client_enabled" : "client_disabled")
        case .permissionRefused(let permission):
            Fields("permission_refused", .refused, ["permission": .string(permission)])
        case .keyMade(let id, let algorithm):
            Fields("key_made", ["kid": .string(id), "alg": .string(algorithm)])
        case .keyRetired(let id): Fields("key_retired", ["kid": .string(id)])
        case .exported(let records): Fields("exported", ["records": .integer(records)])

        case .logBegan(let witnessed): Fields("log_began", ["witnessed": .array(witnessed.map(\.json))])
        case .logWitnessed(let witnessed): Fields("log_witnessed", ["witnessed": .array(witnessed.map(\.json))])
        case .logEnded: Fields("log_ended")
        case .eventsLost(let count): Fields("events_lost", .alarm, ["count": .integer(count)])
        }
    }
}

extension JSON {
    fileprivate static func texts(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }
}
