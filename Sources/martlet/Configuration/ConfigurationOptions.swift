import ArgumentParser

/// The flags that every command takes: where the configuration is, and each setting of it.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "The configuration file (YAML).") var config: String?
    @Option(help: "The issuer identifier, such as https://id.example.com.") var issuer: String?
    @Option(help: "The name on the pages.") var name: String?
    @Option(help: "Further issuers, separated by commas.") var additionalIssuers: String?
    @Option(help: "Where to listen: 127.0.0.1:8080, or unix:/run/martlet.sock.") var listen: String?
    @Option(help: "Where to keep state: sqlite:FILE.") var storage: String?
    @Option(help: "A file that holds the storage setting, when it is a secret.") var storageFile: String?
    @Option(help: "The file with the master key; made on the first start.") var masterKeyFile: String?
    @Option(help: "A folder whose files replace the built-in templates.") var templates: String?
    @Option(help: "The certificate chain (PEM); with it Martlet speaks TLS.") var tlsCertificate: String?
    @Option(help: "The private key of the certificate (PEM).") var tlsKey: String?
    @Option(help: "Who signs client certificates (PEM).") var tlsClientCa: String?
    @Option(help: "Networks whose X-Forwarded-For is believed, separated by commas.") var trustedProxies: String?
    @Option(help: "How many connections one address may have.") var connectionsPerAddress: String?
    @Option(help: "How many connections one network may have (IPv4 /24, IPv6 /48).") var connectionsPerNetwork: String?
    @Option(help: "The mail server, such as smtp://localhost:25.") var mailSmtp: String?
    @Option(help: "A file that holds the mail server, when it is a secret.") var mailSmtpFile: String?
    @Option(help: "The sender of mail: NAME <ADDRESS>, or the address alone.") var mailFrom: String?
    @Option(name: .customLong("minimum-acr"), help: "The weakest sign-in that is enough: urn:martlet:acr:1, 2 or 3.")
    var minimumACR: String?
    @Option(help: "Who may make an account: off, open or invitation.") var signUp: String?
    @Option(help: "What authenticator apps are set up with: SHA1, SHA256 or SHA512.") var totpAlgorithm: String?
    @Option(help: "How many digits their codes have: 6, 7 or 8.") var totpDigits: String?
    @Option(help: "Whether a code by mail is a second factor: true or false.") var factorsEmailCode: String?
    @Option(help: "Whether the JSON API has a client for requests that name none: true or false.")
    var firstPartyBuiltInClient: String?
    @Option(help: "A database of places (GeoIP, MaxMind format).") var suspicionPlaces: String?
    @Option(help: "A browser that is new: ignore, notify, factor, refuse.") var suspicionUnknownDevice: String?
    @Option(help: "The same for a network that is new.") var suspicionUnknownNetwork: String?
    @Option(help: "For a country that is new.") var suspicionUnknownCountry: String?
    @Option(help: "For travel that nobody makes.") var suspicionImpossibleTravel: String?
    @Option(help: "For addresses that fail at many accounts.") var suspicionManyAccounts: String?
    @Option(help: "For accounts that many addresses fail at.") var suspicionManyAddresses: String?
    @Option(help: "An OpenTelemetry collector, such as http://localhost:4318.") var telemetryOtlp: String?
    @Option(help: "Header fields for the collector: NAME=VALUE, separated by commas.") var telemetryOtlpHeaders: String?
    @Option(help: "A file that holds these header fields, when they are a secret.") var telemetryOtlpHeadersFile:
        String?
    @Option(help: "What the collector gets: some of traces, metrics, logs.") var telemetryOtlpSignals: String?
    @Option(help: "Where to serve /metrics for Prometheus: 127.0.0.1:9464.") var telemetryMetrics: String?
    @Option(help: "The form of log lines: json or text.") var telemetryLog: String?
    @Option(help: "How much to log: debug, info, notice, warning or error.") var telemetryLevel: String?
    @Option(help: "The part of traces that is recorded, 0 to 1.") var telemetrySampling: String?
    @Option(help: "A file to which audit records are added as lines of JSON; - is standard output.") var auditFile:
        String?
    @Option(help: "Seconds that audit records are kept.") var auditRetention: String?
    @Option(help: "Events that are not recorded, separated by commas, such as tokens_issued.") var auditExcept: String?
    @Option(help: "Where audit events are posted to, separated by commas.") var webhooksUrls: String?
    @Option(help: "The secret under which they are signed; better in a file.") var webhooksSecret: String?
    @Option(help: "A file that holds this secret.") var webhooksSecretFile: String?
    @Option(help: "Which events are posted, separated by commas; all when it is left out.") var webhooksEvents: String?
    @Option(help: "Whether private addresses may be posted to: true or false.") var webhooksPrivateNetworks: String?
    @Option(help: "Seconds that a session lasts.") var lifetimesSession: String?
    @Option(help: "Seconds after its last use that a session ends.") var lifetimesSessionIdle: String?
    @Option(help: "Seconds that an access token lasts.") var lifetimesAccessToken: String?
    @Option(help: "Seconds that an ID Token lasts.") var lifetimesIdToken: String?
    @Option(help: "Seconds after its last use that a refresh token lasts.") var lifetimesRefreshToken: String?
    @Option(help: "Seconds that a refresh token lasts at most, however often it is used.")
    var lifetimesRefreshTokenAbsolute: String?
    @Option(help: "Seconds in which a repeated refresh is answered alike.") var lifetimesRefreshGrace: String?
    @Option(help: "Seconds before a link in a mail alone can remove a factor.") var lifetimesRecoveryWait: String?

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
        case .tlsClientCA: tlsClientCa
        case .trustedProxies: trustedProxies
        case .connectionsPerAddress: connectionsPerAddress
        case .connectionsPerNetwork: connectionsPerNetwork
        case .mailSMTP: mailSmtp
        case .mailFrom: mailFrom
        case .signUp: signUp
        case .minimumACR: minimumACR
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
        case .webhooksURLs: webhooksUrls
        case .webhooksSecret: webhooksSecret
        case .webhooksEvents: webhooksEvents
        case .webhooksPrivateNetworks: webhooksPrivateNetworks
        case .lifetimesSession: lifetimesSession
        case .lifetimesSessionIdle: lifetimesSessionIdle
        case .lifetimesAccessToken: lifetimesAccessToken
        case .lifetimesIDToken: lifetimesIdToken
        case .lifetimesRefreshToken: lifetimesRefreshToken
        case .lifetimesRefreshTokenAbsolute: lifetimesRefreshTokenAbsolute
        case .lifetimesRefreshGrace: lifetimesRefreshGrace
        case .lifetimesRecoveryWait: lifetimesRecoveryWait
        }
    }

    /// The file that holds a setting which may stand in one.
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
