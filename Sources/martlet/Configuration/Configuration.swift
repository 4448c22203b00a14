import FoundationEssentials
import GeoIP
import IdentityProvider
import Server
import Telemetry

/// A valid configuration. The initializer validates it and reports all errors at once.
struct Configuration {
    private(set) var issuers: [Issuer]
    /// Whether a flag, a variable or the file names the first issuer. Otherwise it is the default.
    let namesIssuer: Bool
    /// The settings shared by all issuers. `settings(for:)` returns those of one issuer.
    let settings: Settings
    /// The names of issuers that don't have the shared one.
    private var names: [Issuer: String] = [:]
    let address: ServerSettings.Address
    /// The address that serves `/metrics`, or `nil` if it isn't served.
    let metricsAddress: ServerSettings.Address?
    let tls: ServerSettings.TLS?
    /// `nil` if clients can't present certificates.
    let mutualTLS: MutualTLSSetting?
    let proxies: TrustedProxies
    let connections: ServerSettings.ConnectionLimits
    let storage: StorageSetting
    let masterKeyFile: String
    /// `nil` if mail is turned off.
    let mail: MailSetting?
    /// The database that maps IP addresses to places. `nil` if none is configured.
    let geolocator: GeoDatabase?
    let templates: [String: String]
    let telemetry: TelemetrySettings
    let audit: AuditSettings
    /// The path of the file that receives a copy of each audit record, or `-` for standard output.
    let auditFile: String?
    /// `nil` if webhooks are turned off.
    let webhooks: WebhookSetting?
    /// The path of the configuration file, if there is one.
    let file: String?
    /// The configuration file, or where it was looked for, in words.
    let source: String
    /// Environment variables that Kubernetes set, which are no settings. Reported at startup.
    let serviceVariables: [String]
    /// Empty, except in a draft.
    let mistakes: [String]

    /// Throws `Mistakes` with all of them.
    init(
        _ options: ConfigurationOptions, environment: [String: String] = ProcessInfo.processInfo.environment,
        places: [String] = ConfigurationFile.places
    ) throws(Mistakes) {
        self.init(drafting: options, environment: environment, places: places)
        guard mistakes.isEmpty else { throw Mistakes(mistakes) }
    }

    /// Reads what can be read, for a report of everything that is wrong. Defaults replace invalid settings.
    init(
        drafting options: ConfigurationOptions, environment: [String: String] = ProcessInfo.processInfo.environment,
        places: [String] = ConfigurationFile.places
    ) {
        var values = SettingValues(options: options, environment: environment, places: places)
        file = values.file
        source = Self.source(values, places)
        serviceVariables = values.serviceVariables
        issuers = Self.issuers(&values)
        namesIssuer = values.isSet(.issuer)
        address = Self.address(&values, .listen) ?? .host("127.0.0.1", port: 8080)
        metricsAddress = Self.address(&values, .telemetryMetrics)
        tls = Self.tls(&values)
        mutualTLS = MutualTLSSetting(&values, issuers: issuers)
        proxies = Self.proxies(&values)
        connections = Self.connections(&values)
        storage = Self.storage(&values)
        masterKeyFile = values.text(.masterKeyFile) ?? "var/master.key"
        // The default replaces an invalid issuer, so that errors in other settings are reported as well.
        var settings = Settings(issuer: issuers.first ?? Self.defaultIssuer)
        settings.read(&values)
        settings.mutualTLS = mutualTLS?.mutualTLS
        self.settings = settings
        mail = Self.mail(&values)
        geolocator = Self.geolocator(&values)
        templates = Self.templates(&values)
        telemetry = TelemetrySettings(&values)
        webhooks = WebhookSetting(&values)
        audit = Self.audit(&values, webhooks)
        auditFile = values.text(.auditFile)
        mistakes = values.mistakes
    }

    /// Says where the configuration file was looked for only if nothing else names the issuer either.
    private static func source(_ values: SettingValues, _ places: [String]) -> String {
        if let file = values.file { return "configured by \(file)" }
        guard !values.isSet(.issuer) else { return "no configuration file" }
        return "no configuration file (looked for --config, MARTLET_CONFIG, \(places.joined(separator: ", ")))"
    }

    private static let defaultIssuer = try! Issuer("http://localhost:8080")

    private static func issuers(_ values: inout SettingValues) -> [Issuer] {
        var issuers: [Issuer] = []
        for (setting, text) in [(Setting.issuer, values.text(.issuer) ?? defaultIssuer.identifier)]
            + values.list(.additionalIssuers).map({ (Setting.additionalIssuers, $0) })
        {
            do throws(InvalidIssuer) {
                let issuer = try Issuer(text)
                if issuers.contains(issuer) { values.report(setting, "\(text) is listed twice") }
                issuers.append(issuer)
            } catch { values.report(setting, "\(text) \(error.reason)") }
        }
        return issuers
    }

    private static func address(_ values: inout SettingValues, _ setting: Setting) -> ServerSettings.Address? {
        guard let text = values.text(setting) else { return nil }
        if let address = address(text) { return address }
        values.report(setting, "must be HOST:PORT or unix:PATH, such as 127.0.0.1:8080")
        return nil
    }

    /// Returns `nil` unless `text` is HOST:PORT or unix:PATH.
    static func address(_ text: String) -> ServerSettings.Address? {
        if text.hasPrefix("unix:"), text.count > 5 { return .unixSocket(String(text.dropFirst(5))) }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            colon != text.startIndex
        else { return nil }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return .host(String(host), port: Int(port))
    }

    private static func tls(_ values: inout SettingValues) -> ServerSettings.TLS? {
        switch (values.text(.tlsCertificate), values.text(.tlsKey)) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            for (setting, path) in [(Setting.tlsCertificate, certificate), (.tlsKey, key)]
            where !FileManager.default.isReadableFile(atPath: path) {
                values.report(setting, "cannot read the file \(path)")
            }
            return ServerSettings.TLS(certificate: certificate, key: key)
        case (_?, nil): values.report(.tlsCertificate, "requires \(Setting.tlsKey.rawValue)")
        case (nil, _?): values.report(.tlsKey, "requires \(Setting.tlsCertificate.rawValue)")
        }
        return nil
    }

    private static func proxies(_ values: inout SettingValues) -> TrustedProxies {
        do throws(InvalidNetwork) { return try TrustedProxies(values.list(.trustedProxies)) } catch {
            values.report(.trustedProxies, "\(error.text) is not a network, such as 10.0.0.0/8")
            return .none
        }
    }

    private static func connections(_ values: inout SettingValues) -> ServerSettings.ConnectionLimits {
        var limits = ServerSettings.ConnectionLimits()
        limits.perAddress = values.number(.connectionsPerAddress, 1...1_000_000) ?? limits.perAddress
        limits.perNetwork = values.number(.connectionsPerNetwork, 1...1_000_000) ?? limits.perNetwork
        return limits
    }

    private static func storage(_ values: inout SettingValues) -> StorageSetting {
        do throws(InvalidStorageSetting) {
            return try StorageSetting(values.text(.storage) ?? "sqlite:var/martlet.db")
        } catch { values.report(.storage, error.reason) }
        return .sqlite("")
    }

    private static func templates(_ values: inout SettingValues) -> [String: String] {
        guard let folder = values.text(.templates) else { return [:] }
        var files: [String: String] = [:]
        for directory in ["", "locales/", "mail/"] {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(directory)") else {
                if directory.isEmpty { values.report(.templates, "cannot read the folder \(folder)") }
                continue
            }
            for name in names where [".mustache", ".css", ".json"].contains(where: name.hasSuffix) {
                guard let data = try? Data(contentsOf: URL(filePath: "\(folder)/\(directory)\(name)")),
                    let text = String(validating: data, as: UTF8.self)
                else {
                    values.report(.templates, "\(directory)\(name) cannot be read or is not valid UTF-8")
                    continue
                }
                files[directory + name] = text
            }
        }
        return files
    }

    private static func audit(_ values: inout SettingValues, _ webhooks: WebhookSetting?) -> AuditSettings {
        var settings = AuditSettings()
        settings.webhooks = webhooks?.settings
        settings.retention = values.seconds(.auditRetention, 3_600...3_153_600_000) ?? settings.retention
        settings.excluded = Set(values.list(.auditExcept))
        for name in settings.excluded.subtracting(AuditSettings.excludable).sorted() {
            values.report(.auditExcept, "\(name) is not one of \(AuditSettings.excludable.joined(separator: ", "))")
        }
        if let text = values.text(.auditMachineTokens) {
            if let recording = MachineTokenRecording(rawValue: text) {
                settings.machineTokens = recording
            } else {
                values.report(.auditMachineTokens, "must be per_minute or each")
            }
        }
        return settings
    }
}

extension Configuration {
    /// Returns the settings of one issuer.
    func settings(for issuer: Issuer) -> Settings {
        var settings = settings
        settings.issuer = issuer
        settings.name = names[issuer] ?? settings.name
        return settings
    }

    /// Returns a copy with one more issuer.
    func adding(_ issuer: Issuer, named name: String) -> Configuration {
        var configuration = self
        configuration.issuers.append(issuer)
        configuration.names[issuer] = name
        return configuration
    }

    /// Returns the configured issuer with this identifier, or the first one for `nil`.
    func issuer(named identifier: String?) throws(Mistakes) -> Issuer {
        guard let identifier else { return issuers[0] }
        guard let issuer = issuers.first(where: { $0.identifier == identifier }) else {
            throw Mistakes([
                "--for: \(identifier) is not configured; check the settings issuer and additional_issuers"
            ])
        }
        return issuer
    }
}
