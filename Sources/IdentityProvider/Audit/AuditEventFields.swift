import JOSE

/// How an event ended.
package enum AuditOutcome: String, Sendable, CaseIterable {
    case success = "success"
    case refused = "refused"
    /// A sign of an attack or a malfunction.
    case alarm = "alarm"
}

extension AuditEvent {
    /// The parts of an event that the log stores.
    struct Fields {
        let name: Name
        let outcome: AuditOutcome
        let factor: Factor?
        let details: JSONObject

        init(
            _ name: Name, _ outcome: AuditOutcome, factor: Factor? = nil, _ details: JSONObject = [:]
        ) {
            self.name = name
            self.outcome = outcome
            self.factor = factor
            self.details = details
        }

        init(_ name: Name, factor: Factor? = nil, _ details: JSONObject = [:]) {
            self.init(name, .success, factor: factor, details)
        }
    }

    /// The name of the event in records and queries.
    package var name: String { fields.name.rawValue }

    /// One line per event, so that the whole vocabulary can be read in one place.
    var fields: Fields {
        switch self {
        case .signedIn(let factors, let amr, let acr, let upstream):
            Fields(.signedIn, .signIn(factors, amr, acr, upstream))
        case .signInRefused(let reason, let factor):
            Fields(.signInRefused, .refused, factor: factor, ["reason": .string(reason.rawValue)])
        case .steppedUp(let factor, let acr): Fields(.steppedUp, factor: factor, ["acr": .string(acr)])
        case .accountChosen: Fields(.accountChosen)
        case .signedOut: Fields(.signedOut)
        case .sessionEnded(let reason): Fields(.sessionEnded, ["reason": .string(reason)])
        case .sessionsEnded: Fields(.sessionsEnded)
        case .suspiciousSignIn(let signals, let consequence):
            Fields(.suspiciousSignIn, .alarm, ["signals": .texts(signals), "consequence": .string(consequence)])
        case .accountLocked(let seconds): Fields(.accountLocked, .alarm, ["seconds": .integer(seconds)])
        case .accountUnlocked: Fields(.accountUnlocked)
        case .forwardAuthenticationRefused(let reason):
            Fields(.forwardAuthenticationRefused, .refused, ["reason": .string(reason)])
        case .upstreamRefused(let upstream, let reason):
            Fields(
                .upstreamRefused, .refused, factor: .upstream,
                ["upstream": .string(upstream.rawValue), "reason": .string(reason)])
        case .upstreamSignedOut(let upstream, let sessions):
            Fields(.upstreamSignedOut, ["upstream": .string(upstream.rawValue), "sessions": .integer(sessions)])
        case .clientNotified: Fields(.clientNotified)
        case .clientNotNotified(let reason): Fields(.clientNotNotified, .refused, ["reason": .string(reason)])

        case .factorEnrolled(let factor): Fields(.factorEnrolled, factor: factor)
        case .enrolmentRefused(let factor): Fields(.enrolmentRefused, .refused, factor: factor)
        case .factorRenamed(let factor): Fields(.factorRenamed, factor: factor)
        case .factorRemoved(let factor): Fields(.factorRemoved, factor: factor)
        case .upstreamLinked(let upstream):
            Fields(.upstreamLinked, factor: .upstream, ["upstream": .string(upstream.rawValue)])
        case .upstreamUnlinked(let upstream):
            Fields(.upstreamUnlinked, factor: .upstream, ["upstream": .string(upstream.rawValue)])
        case .passkeyCounterWentBack: Fields(.passkeyCounterWentBack, .alarm, factor: .passkey)
        case .recoveryCodesMade(let count):
            Fields(.recoveryCodesMade, factor: .recoveryCode, ["count": .integer(count)])
        case .recoveryCodeUsed(let remaining):
            Fields(.recoveryCodeUsed, factor: .recoveryCode, ["remaining": .integer(remaining)])
        case .accessCodeMade(let seconds):
            Fields(.accessCodeMade, factor: .accessCode, ["seconds": .integer(seconds)])
        case .accessCodeUsed: Fields(.accessCodeUsed, factor: .accessCode)
        case .emailCodeSent: Fields(.emailCodeSent, factor: .emailCode)
        case .passwordChanged: Fields(.passwordChanged, factor: .password)
        case .passwordWithdrawn: Fields(.passwordWithdrawn, factor: .password)
        case .passwordResetRequested: Fields(.passwordResetRequested, factor: .password)
        case .passwordReset: Fields(.passwordReset, factor: .password)
        case .recoveryStarted(let seconds): Fields(.recoveryStarted, ["seconds": .integer(seconds)])
        case .recoveryCanceled: Fields(.recoveryCanceled)
        case .recoveryFinished: Fields(.recoveryFinished)
        case .deviceRemembered: Fields(.deviceRemembered)
        case .deviceRevoked(let all): Fields(.deviceRevoked, ["all": .bool(all)])

        case .accountCreated(let origin): Fields(.accountCreated, ["origin": .string(origin.rawValue)])
        case .accountDeleted: Fields(.accountDeleted)
        case .accountEnabled(let isEnabled): Fields(isEnabled ? .accountEnabled : .accountDisabled)
        case .emailChangeRequested: Fields(.emailChangeRequested)
        case .emailChanged: Fields(.emailChanged)
        case .emailVerified: Fields(.emailVerified)
        case .profileChanged(let members): Fields(.profileChanged, ["members": .texts(members)])
        case .invitationSent: Fields(.invitationSent)
        case .invitationAccepted: Fields(.invitationAccepted)

        case .consentGiven(let scope, let details): Fields(.consentGiven, .access(scope, details))
        case .consentRefused: Fields(.consentRefused, .refused)
        case .consentWithdrawn: Fields(.consentWithdrawn)
        case .authorizationGranted(let scope, let details):
            Fields(.authorizationGranted, .access(scope, details))
        case .deviceRequested(let scope): Fields(.deviceRequested, ["scope": .string(scope.text)])
        case .deviceApproved(let scope, let place):
            Fields(.deviceApproved, ["scope": .string(scope.text), "place": .string(place)])
        case .deviceDenied(let place): Fields(.deviceDenied, .refused, ["place": .string(place)])
        case .deviceCodeRefused(let reason): Fields(.deviceCodeRefused, .refused, ["reason": .string(reason)])
        case .deviceCodeReused: Fields(.deviceCodeReused, .alarm)
        case .tokensIssued(let grant, let scope, let audience, let further):
            Fields(.tokensIssued, .tokens(grant, scope, audience, further))
        case .codeReplayed: Fields(.codeReplayed, .alarm)
        case .refreshTokenReused: Fields(.refreshTokenReused, .alarm)
        case .authorizationRevoked: Fields(.authorizationRevoked)
        case .authorizationsRevoked(let count): Fields(.authorizationsRevoked, ["count": .integer(count)])
        case .tokenRevoked: Fields(.tokenRevoked)
        case .clientAuthenticationFailed(let reason):
            Fields(.clientAuthenticationFailed, .refused, ["reason": .string(reason)])
        case .requestRefused(let route, let error, let reason):
            Fields(
                .requestRefused, .refused,
                ["route": .string(route), "error": .string(error.rawValue), "reason": .string(reason)])

        case .resourceChanged(let kind, let name, let action, let members):
            Fields(
                .resourceChanged,
                [
                    "kind": .string(kind), "name": .string(name), "action": .string(action.rawValue),
                    "members": .texts(members),
                ])
        case .membershipGiven(let roles, let groups): Fields(.membershipGiven, .membership(roles, groups))
        case .membershipWithdrawn(let roles, let groups): Fields(.membershipWithdrawn, .membership(roles, groups))
        case .clientSecretRenewed: Fields(.clientSecretRenewed)
        case .clientEnabled(let isEnabled): Fields(isEnabled ? .clientEnabled : .clientDisabled)
        case .securityEventRefused(let stream, let error):
            Fields(
                .securityEventRefused, .refused, ["stream": .string(stream.rawValue), "error": .string(error)])
        case .keyMade(let id, let algorithm):
            Fields(.keyMade, ["kid": .string(id), "alg": .string(algorithm)])
        case .keyRetired(let id): Fields(.keyRetired, ["kid": .string(id)])
        case .dataKeyMade(let keyClass, let number):
            Fields(.dataKeyMade, ["class": .string(keyClass.rawValue), "number": .integer(number)])
        case .masterKeyRotated(let name): Fields(.masterKeyRotated, ["master_key": .string(name)])
        case .valuesResealed(let count): Fields(.valuesResealed, ["count": .integer(count)])
        case .keysReplaced: Fields(.keysReplaced, .alarm)
        case .exported(let what, let records):
            Fields(.exported, ["what": .string(what.rawValue), "records": .integer(records)])

        case .logBegan(let witnessed): Fields(.logBegan, ["witnessed": .array(witnessed.map(\.json))])
        case .logWitnessed(let witnessed): Fields(.logWitnessed, ["witnessed": .array(witnessed.map(\.json))])
        case .logEnded: Fields(.logEnded)
        case .eventsLost(let count): Fields(.eventsLost, .alarm, ["count": .integer(count)])
        }
    }
}

extension JSON {
    fileprivate static func texts(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }
}

extension JSONObject {
    fileprivate static func signIn(
        _ factors: [Factor], _ amr: [String], _ acr: String, _ upstream: Identifier<Upstream>?
    ) -> JSONObject {
        var details: JSONObject = [
            "factors": .texts(factors.map(\.rawValue)), "amr": .texts(amr), "acr": .string(acr),
        ]
        if let upstream { details["upstream"] = .string(upstream.rawValue) }
        return details
    }

    fileprivate static func access(_ scope: Scope, _ types: [String]) -> JSONObject {
        var details: JSONObject = ["scope": .string(scope.text)]
        if !types.isEmpty { details["authorization_details"] = .texts(types) }
        return details
    }

    fileprivate static func tokens(
        _ grant: GrantType, _ scope: Scope, _ audience: [String], _ further: FurtherTokens?
    ) -> JSONObject {
        var details: JSONObject = ["grant": .string(grant.rawValue), "scope": .string(scope.text)]
        if !audience.isEmpty { details["audience"] = .texts(audience) }
        if let further { details.merge(further.details) }
        return details
    }

    fileprivate static func membership(_ roles: [String], _ groups: [String]) -> JSONObject {
        ["roles": .texts(roles), "groups": .texts(groups)]
    }
}
