import Authenticators
import FoundationEssentials
import IdentityProvider

extension Settings {
    /// Reads the operator's settings. Missing settings keep their defaults.
    mutating func read(_ values: inout SettingValues) {
        name = values.text(.name) ?? name
        lifetimes.read(&values)
        limits.read(&values)
        signUp = Self.signUp(&values) ?? signUp
        minimumContext = Self.minimumContext(&values) ?? minimumContext
        goesToOnlyUpstream = Self.goesToOnlyUpstream(&values) ?? goesToOnlyUpstream
        requiresPushedRequests = values.flag(.requirePushedRequests, default: requiresPushedRequests)
        requiresDPoPNonces = values.flag(.dpopNonces, default: requiresDPoPNonces)
        totp.read(&values)
        acceptsEmailCodes = values.flag(.factorsEmailCode, default: acceptsEmailCodes)
        hasBuiltInClient = values.flag(.firstPartyBuiltInClient, default: hasBuiltInClient)
        risk.read(&values)
    }

    private static func signUp(_ values: inout SettingValues) -> SignUpPolicy? {
        guard let text = values.text(.signUp) else { return nil }
        guard let policy = SignUpPolicy(rawValue: text) else {
            values.report(.signUp, "must be off, open or invitation")
            return nil
        }
        return policy
    }

    private static func goesToOnlyUpstream(_ values: inout SettingValues) -> Bool? {
        switch values.text(.signInUpstreamRedirect) {
        case nil: return nil
        case "off": return false
        case "only": return true
        default:
            values.report(.signInUpstreamRedirect, "must be off or only")
            return nil
        }
    }

    private static func minimumContext(_ values: inout SettingValues) -> AuthenticationContext? {
        guard let text = values.text(.minimumACR) else { return nil }
        do throws(InvalidValue) { return try AuthenticationContext.registered(text) } catch {
            values.report(.minimumACR, error.reason)
            return nil
        }
    }
}

extension Lifetimes {
    fileprivate mutating func read(_ values: inout SettingValues) {
        session = values.seconds(.lifetimesSession, 60...31_536_000) ?? session
        sessionIdle = values.seconds(.lifetimesSessionIdle, 60...31_536_000)
        // At most ten minutes (FAPI 2.0 Security Profile §5.3.2.2).
        pushedRequest = values.seconds(.lifetimesPushedRequest, 5...599) ?? pushedRequest
        // RFC 10027 §6.1.2: short-lived. A minute is the least that a user needs.
        deviceCode = values.seconds(.lifetimesDeviceCode, 60...1_800) ?? deviceCode
        accessToken = values.seconds(.lifetimesAccessToken, 10...86_400) ?? accessToken
        idToken = values.seconds(.lifetimesIDToken, 10...86_400) ?? idToken
        refreshToken = values.seconds(.lifetimesRefreshToken, 60...31_536_000) ?? refreshToken
        refreshTokenAbsolute =
            values.seconds(.lifetimesRefreshTokenAbsolute, 60...315_360_000) ?? refreshTokenAbsolute
        refreshGrace = values.seconds(.lifetimesRefreshGrace, 0...300) ?? refreshGrace
        recoveryWait = values.seconds(.lifetimesRecoveryWait, 3_600...2_592_000) ?? recoveryWait
    }
}

extension Limits {
    fileprivate mutating func read(_ values: inout SettingValues) {
        signInFailures = values.limit(.limitsSignInFailures, .limitsSignInFailuresAtOnce, default: signInFailures)
        requests = values.limit(.limitsRequests, .limitsRequestsAtOnce, default: requests)
        emailRequests = values.limit(.limitsEmailRequests, .limitsEmailRequestsAtOnce, default: emailRequests)
        emailsPerNetwork = values.number(.limitsEmailsPerNetwork, 1...1_000_000) ?? emailsPerNetwork
    }
}

extension SettingValues {
    /// Returns the limit of `rate` requests per minute, `burst` of them at once; `nil` if `rate` is `off`.
    fileprivate mutating func limit(_ rate: Setting, _ burst: Setting, default standard: RateLimit?) -> RateLimit? {
        guard text(rate) != "off" else {
            if isSet(burst) { report(burst, "has no effect while \(rate.rawValue) is off; remove one of them") }
            return nil
        }
        var limit = standard
        // More than one a millisecond is no limit.
        if let number = number(rate, 1...60_000, or: "off") { limit?.perMinute = number }
        if let number = number(burst, 1...60_000) { limit?.burst = number }
        return limit
    }
}

extension TOTPSettings {
    fileprivate mutating func read(_ values: inout SettingValues) {
        if let text = values.text(.totpAlgorithm) {
            if let algorithm = TOTP.Algorithm(rawValue: text) {
                self.algorithm = algorithm
            } else {
                values.report(.totpAlgorithm, "must be SHA1, SHA256 or SHA512")
            }
        }
        if let text = values.text(.totpDigits) {
            if let digits = Int(text), (6...8).contains(digits) {
                self.digits = digits
            } else {
                values.report(.totpDigits, "must be 6, 7 or 8")
            }
        }
    }
}

extension RiskRules {
    fileprivate mutating func read(_ values: inout SettingValues) {
        let all = RiskConsequence.allCases.map(\.rawValue).joined(separator: ", ")
        for signal in RiskSignal.allCases {
            guard let setting = Setting(rawValue: "suspicion.\(signal.rawValue)"), let text = values.text(setting)
            else { continue }
            if let consequence = RiskConsequence(rawValue: text) {
                consequences[signal] = consequence
            } else {
                values.report(setting, "must be one of \(all)")
            }
        }
        guard !values.isSet(.suspicionPlaces) else { return }
        for setting in [Setting.suspicionUnknownCountry, .suspicionImpossibleTravel] where values.isSet(setting) {
            values.report(setting, "requires \(Setting.suspicionPlaces.rawValue)")
        }
    }
}
