/// The settings of the program. Flags, environment variables and file members derive their names from this list.
enum Setting: String, CaseIterable {
    case issuer, name, listen, storage, templates
    case additionalIssuers = "additional_issuers"
    case masterKeyFile = "master_key_file"
    case tlsCertificate = "tls.certificate"
    case tlsKey = "tls.key"
    case tlsMutualListen = "tls.mutual.listen"
    case tlsMutualClientCA = "tls.mutual.client_ca"
    case tlsMutualURL = "tls.mutual.url"
    case tlsMutualProxyHeader = "tls.mutual.proxy_header"
    case trustedProxies = "trusted_proxies"
    case connectionsPerAddress = "connections.per_address"
    case connectionsPerNetwork = "connections.per_network"
    case limitsSignInFailures = "limits.sign_in_failures"
    case limitsSignInFailuresAtOnce = "limits.sign_in_failures_at_once"
    case limitsRequests = "limits.requests"
    case limitsRequestsAtOnce = "limits.requests_at_once"
    case limitsEmailRequests = "limits.email_requests"
    case limitsEmailRequestsAtOnce = "limits.email_requests_at_once"
    case limitsEmailsPerNetwork = "limits.emails_per_network"
    case mailSMTP = "mail.smtp"
    case mailFrom = "mail.from"
    case signUp = "sign_up"
    case minimumACR = "minimum_acr"
    case signInUpstreamRedirect = "sign_in.upstream_redirect"
    case requirePushedRequests = "require_pushed_authorization_requests"
    case dpopNonces = "dpop.nonces"
    case totpAlgorithm = "totp.algorithm"
    case totpDigits = "totp.digits"
    case factorsEmailCode = "factors.email_code"
    case firstPartyBuiltInClient = "first_party.built_in_client"
    case suspicionPlaces = "suspicion.places"
    case suspicionUnknownDevice = "suspicion.unknown_device"
    case suspicionUnknownNetwork = "suspicion.unknown_network"
    case suspicionUnknownCountry = "suspicion.unknown_country"
    case suspicionImpossibleTravel = "suspicion.impossible_travel"
    case suspicionManyAccounts = "suspicion.many_accounts"
    case suspicionManyAddresses = "suspicion.many_addresses"
    case telemetryOTLP = "telemetry.otlp"
    case telemetryOTLPHeaders = "telemetry.otlp_headers"
    case telemetryOTLPSignals = "telemetry.otlp_signals"
    case telemetryMetrics = "telemetry.metrics"
    case telemetryLog = "telemetry.log"
    case telemetryLevel = "telemetry.level"
    case telemetrySampling = "telemetry.sampling"
    case auditFile = "audit.file"
    case auditRetention = "audit.retention"
    case auditExcept = "audit.except"
    case auditMachineTokens = "audit.machine_tokens"
    case webhooksURLs = "webhooks.urls"
    case webhooksSecret = "webhooks.secret"
    case webhooksEvents = "webhooks.events"
    case webhooksPrivateNetworks = "webhooks.private_networks"
    case lifetimesSession = "lifetimes.session"
    case lifetimesSessionIdle = "lifetimes.session_idle"
    case lifetimesPushedRequest = "lifetimes.pushed_request"
    case lifetimesDeviceCode = "lifetimes.device_code"
    case lifetimesAccessToken = "lifetimes.access_token"
    case lifetimesIDToken = "lifetimes.id_token"
    case lifetimesRefreshToken = "lifetimes.refresh_token"
    case lifetimesRefreshTokenAbsolute = "lifetimes.refresh_token_absolute"
    case lifetimesRefreshGrace = "lifetimes.refresh_grace"
    case lifetimesRecoveryWait = "lifetimes.recovery_wait"

    /// The environment variable, such as `MARTLET_TLS_CERTIFICATE`.
    var variable: String { "MARTLET_" + rawValue.replacing(".", with: "_").uppercased() }
    /// The flag, such as `--tls-certificate`.
    var flag: String { "--" + rawValue.replacing(".", with: "-").replacing("_", with: "-") }
    /// Returns the names of the settings in a group, such as those of `tls`, or `nil` if there is no such group.
    static func members(of group: String) -> [String]? {
        var members: [String] = []
        for setting in allCases where setting.rawValue.hasPrefix(group + ".") {
            let member = String(setting.rawValue.dropFirst(group.count + 1).prefix { $0 != "." })
            if !members.contains(member) { members.append(member) }
        }
        return members.isEmpty ? nil : members
    }

    /// Whether the setting holds a secret and can be read from a file instead (`storage_file`).
    var mayBeInFile: Bool { [.storage, .mailSMTP, .telemetryOTLPHeaders, .webhooksSecret].contains(self) }
}
