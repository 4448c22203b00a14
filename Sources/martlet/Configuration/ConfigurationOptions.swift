import ArgumentParser

/// The options of every command: the configuration file, and one flag for each setting, which only the help of
/// `martlet serve` lists.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        help: """
            The configuration file (YAML). Each setting can also be given as a flag, such as --storage; \
            `martlet serve --help` lists them.
            """)
    var config: String?
    @OptionGroup(visibility: .hidden) var settings: SettingOptions
}

/// The options of `martlet serve`.
struct ServerOptions: ParsableArguments {
    @Option(help: "The configuration file (YAML).") var config: String?
    @OptionGroup var settings: SettingOptions

    var configuration: ConfigurationOptions {
        var options = ConfigurationOptions()
        (options.config, options.settings) = (config, settings)
        return options
    }
}

/// One flag for each setting.
struct SettingOptions: ParsableArguments {
    @Option(help: "The issuer identifier, such as https://id.example.com.") var issuer: String?
    @Option(help: "The name shown on pages and in email.") var name: String?
    @Option(help: "Additional issuers, separated by commas.") var additionalIssuers: String?
    @Option(help: "The address to listen on: HOST:PORT or unix:PATH.") var listen: String?
    @Option(help: "The database: sqlite:FILE or mariadb://USER:PASSWORD@HOST/DATABASE.") var storage: String?
    @Option(help: "A file with the storage setting, to keep its password off the command line.") var storageFile:
        String?
    @Option(help: "The file with the master key. With SQLite, created on first start.") var masterKeyFile: String?
    @Option(help: "A folder with templates that override the built-in ones.") var templates: String?
    @Option(help: "The certificate chain (PEM). Turns on TLS.") var tlsCertificate: String?
    @Option(help: "The private key of the certificate (PEM).") var tlsKey: String?
    @Option(help: "The address where clients present certificates: HOST:PORT.") var tlsMutualListen: String?
    @Option(help: "The certificate authorities that clients' certificates must come from (PEM).")
    var tlsMutualClientCa: String?
    @Option(help: "The origin where clients present certificates, such as https://mtls.example.com.")
    var tlsMutualUrl: String?
    @Option(help: "The header field in which trusted proxies pass clients' certificates, such as Client-Cert.")
    var tlsMutualProxyHeader: String?
    @Option(help: "Networks of trusted proxies, whose X-Forwarded-For is used; separated by commas.")
    var trustedProxies: String?
    @Option(help: "The maximum number of connections from one IP address.") var connectionsPerAddress: String?
    @Option(help: "The maximum number of connections from one network (IPv4 /24, IPv6 /48).") var connectionsPerNetwork:
        String?
    @Option(help: "The maximum number of failed sign-in attempts per minute and IP address, or off.")
    var limitsSignInFailures: String?
    @Option(help: "How many of them may come at once.") var limitsSignInFailuresAtOnce: String?
    @Option(help: "The maximum number of unauthenticated token requests per minute and IP address, or off.")
    var limitsRequests: String?
    @Option(help: "How many of them may come at once.") var limitsRequestsAtOnce: String?
    @Option(help: "The maximum number of requests that send email per minute and IP address, or off.")
    var limitsEmailRequests: String?
    @Option(help: "How many of them may come at once.") var limitsEmailRequestsAtOnce: String?
    @Option(help: "The maximum number of requested emails per hour and network (IPv4 /24, IPv6 /48).")
    var limitsEmailsPerNetwork: String?
    @Option(help: "The mail server, such as smtp://localhost:25.") var mailSmtp: String?
    @Option(help: "A file with the mail server URL, to keep its password off the command line.") var mailSmtpFile:
        String?
    @Option(help: "The sender of email: ADDRESS or NAME <ADDRESS>.") var mailFrom: String?
    @Option(
        name: .customLong("minimum-acr"),
        help: "The minimum strength of every sign-in: urn:martlet:acr:1, urn:martlet:acr:2 or urn:martlet:acr:3.")
    var minimumACR: String?
    @Option(help: "Who may create an account: off (no one), open (anyone) or invitation.") var signUp: String?
    @Option(help: "Whether users go to an upstream without being asked: off, or only (if it is the only one).")
    var signInUpstreamRedirect: String?
    @Option(help: "Whether clients must push authorization requests: true or false.")
    var requirePushedAuthorizationRequests: String?
    @Option(help: "Whether DPoP proofs need a nonce from the server: true or false.") var dpopNonces: String?
    @Option(help: "The hash algorithm of new authenticator apps: SHA1, SHA256 or SHA512.") var totpAlgorithm: String?
    @Option(help: "The number of digits in their codes: 6, 7 or 8.") var totpDigits: String?
    @Option(help: "Whether an emailed code counts as a second factor: true or false.") var factorsEmailCode: String?
    @Option(help: "Whether the JSON API uses a built-in client for requests without a client: true or false.")
    var firstPartyBuiltInClient: String?
    @Option(help: "A GeoIP database file (MaxMind format).") var suspicionPlaces: String?
    @Option(help: "What to do on sign-in from a new browser: ignore, notify, factor or refuse.")
    var suspicionUnknownDevice: String?
    @Option(help: "What to do on sign-in from a new network.") var suspicionUnknownNetwork: String?
    @Option(help: "What to do on sign-in from a new country.") var suspicionUnknownCountry: String?
    @Option(help: "What to do on impossible travel.") var suspicionImpossibleTravel: String?
    @Option(help: "What to do when the IP address failed to sign in to many accounts.") var suspicionManyAccounts:
        String?
    @Option(help: "What to do when many IP addresses failed to sign in to the account.") var suspicionManyAddresses:
        String?
    @Option(help: "The OpenTelemetry collector, such as http://localhost:4318.") var telemetryOtlp: String?
    @Option(help: "Header fields to send to the collector: NAME=VALUE, separated by commas.") var telemetryOtlpHeaders:
        String?
    @Option(help: "A file with these header fields, to keep secrets off the command line.")
    var telemetryOtlpHeadersFile: String?
    @Option(help: "The signals to send: any of traces, metrics and logs, separated by commas.")
    var telemetryOtlpSignals: String?
    @Option(help: "The address that serves /metrics for Prometheus, such as 127.0.0.1:9464.") var telemetryMetrics:
        String?
    @Option(help: "The log format: json or text.") var telemetryLog: String?
    @Option(help: "The log level: debug, info, notice, warning or error.") var telemetryLevel: String?
    @Option(help: "The fraction of traces to record, from 0 to 1.") var telemetrySampling: String?
    @Option(help: "A file to append audit records to, as JSON Lines; - for standard output.") var auditFile: String?
    @Option(help: "How long to keep audit records, in seconds.") var auditRetention: String?
    @Option(help: "Events to leave out of the audit log, separated by commas, such as tokens_issued.") var auditExcept:
        String?
    @Option(help: "How to record client_credentials tokens: per_minute (counted) or each.")
    var auditMachineTokens: String?
    @Option(help: "Webhook URLs that receive audit events, separated by commas.") var webhooksUrls: String?
    @Option(help: "The secret that signs webhooks. Prefer --webhooks-secret-file.") var webhooksSecret: String?
    @Option(help: "A file with the secret that signs webhooks.") var webhooksSecretFile: String?
    @Option(help: "The events to send, separated by commas. Defaults to all.") var webhooksEvents: String?
    @Option(help: "Whether webhook URLs may be in private networks: true or false.") var webhooksPrivateNetworks:
        String?
    @Option(help: "The lifetime of a session, in seconds.") var lifetimesSession: String?
    @Option(help: "The idle timeout of a session, in seconds.") var lifetimesSessionIdle: String?
    @Option(help: "How long a pushed request can start a sign-in, in seconds.") var lifetimesPushedRequest: String?
    @Option(help: "How long the codes of a device work, in seconds.") var lifetimesDeviceCode: String?
    @Option(help: "The lifetime of an access token, in seconds.") var lifetimesAccessToken: String?
    @Option(help: "The lifetime of an ID Token, in seconds.") var lifetimesIdToken: String?
    @Option(help: "The idle timeout of a refresh token, in seconds.") var lifetimesRefreshToken: String?
    @Option(help: "The maximum lifetime of a refresh token, in seconds.")
    var lifetimesRefreshTokenAbsolute: String?
    @Option(help: "The grace period for retrying a refresh, in seconds.") var lifetimesRefreshGrace: String?
    @Option(help: "The wait before account recovery by email alone removes a factor, in seconds.")
    var lifetimesRecoveryWait: String?

    /// Returns the value given by the setting's flag.
    func flag(_ setting: Setting) -> String? {
        switch setting {
        case .issuer: issuer
        case .name: name
        case .listen: listen
        case .storage: storage
        case .templates: templates
        case .additionalIssuers: additionalIssuers
        case .masterKeyFile: masterKeyFile
        case .tlsCertificate: tlsCertificate
        case .tlsKey: tlsKey
        case .tlsMutualListen: tlsMutualListen
        case .tlsMutualClientCA: tlsMutualClientCa
        case .tlsMutualURL: tlsMutualUrl
        case .tlsMutualProxyHeader: tlsMutualProxyHeader
        case .trustedProxies: trustedProxies
        case .connectionsPerAddress: connectionsPerAddress
        case .connectionsPerNetwork: connectionsPerNetwork
        case .limitsSignInFailures: limitsSignInFailures
        case .limitsSignInFailuresAtOnce: limitsSignInFailuresAtOnce
        case .limitsRequests: limitsRequests
        case .limitsRequestsAtOnce: limitsRequestsAtOnce
        case .limitsEmailRequests: limitsEmailRequests
        case .limitsEmailRequestsAtOnce: limitsEmailRequestsAtOnce
        case .limitsEmailsPerNetwork: limitsEmailsPerNetwork
        case .mailSMTP: mailSmtp
        case .mailFrom: mailFrom
        case .signUp: signUp
        case .minimumACR: minimumACR
        case .signInUpstreamRedirect: signInUpstreamRedirect
        case .requirePushedRequests: requirePushedAuthorizationRequests
        case .dpopNonces: dpopNonces
        case .totpAlgorithm: totpAlgorithm
        case .totpDigits: totpDigits
        case .factorsEmailCode: factorsEmailCode
        case .firstPartyBuiltInClient: firstPartyBuiltInClient
        case .suspicionPlaces: suspicionPlaces
        case .suspicionUnknownDevice: suspicionUnknownDevice
        case .suspicionUnknownNetwork: suspicionUnknownNetwork
        case .suspicionUnknownCountry: suspicionUnknownCountry
        case .suspicionImpossibleTravel: suspicionImpossibleTravel
        case .suspicionManyAccounts: suspicionManyAccounts
        case .suspicionManyAddresses: suspicionManyAddresses
        case .telemetryOTLP: telemetryOtlp
        case .telemetryOTLPHeaders: telemetryOtlpHeaders
        case .telemetryOTLPSignals: telemetryOtlpSignals
        case .telemetryMetrics: telemetryMetrics
        case .telemetryLog: telemetryLog
        case .telemetryLevel: telemetryLevel
        case .telemetrySampling: telemetrySampling
        case .auditFile: auditFile
        case .auditRetention: auditRetention
        case .auditExcept: auditExcept
        case .auditMachineTokens: auditMachineTokens
        case .webhooksURLs: webhooksUrls
        case .webhooksSecret: webhooksSecret
        case .webhooksEvents: webhooksEvents
        case .webhooksPrivateNetworks: webhooksPrivateNetworks
        case .lifetimesSession: lifetimesSession
        case .lifetimesSessionIdle: lifetimesSessionIdle
        case .lifetimesPushedRequest: lifetimesPushedRequest
        case .lifetimesDeviceCode: lifetimesDeviceCode
        case .lifetimesAccessToken: lifetimesAccessToken
        case .lifetimesIDToken: lifetimesIdToken
        case .lifetimesRefreshToken: lifetimesRefreshToken
        case .lifetimesRefreshTokenAbsolute: lifetimesRefreshTokenAbsolute
        case .lifetimesRefreshGrace: lifetimesRefreshGrace
        case .lifetimesRecoveryWait: lifetimesRecoveryWait
        }
    }

    /// Returns the path given by the `--…-file` flag of a setting that may be read from a file.
    func file(_ setting: Setting) -> String? {
        switch setting {
        case .storage: storageFile
        case .mailSMTP: mailSmtpFile
        case .telemetryOTLPHeaders: telemetryOtlpHeadersFile
        case .webhooksSecret: webhooksSecretFile
        default: nil
        }
    }
}
