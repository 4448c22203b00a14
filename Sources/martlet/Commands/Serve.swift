import ArgumentParser
import FoundationEssentials
import IdentityProvider
import Logging
import SQLStorage
import Server
import ServiceLifecycle
import Telemetry
import UnixSignals

/// `martlet serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the server.",
        discussion: """
            Without configuration, Martlet serves http://localhost:8080 and keeps its data in an SQLite file under \
            var/. On SIGTERM or Ctrl-C it finishes in-flight requests and stops. If the database server isn't \
            reachable yet, Martlet logs a warning and keeps retrying; until it connects, /health/live responds with \
            200 and everything else with 503.

            Try it:            martlet serve --demo
            In production:     martlet serve --config martlet.yaml --apply resources.yaml
            """)

    @Option(help: "A resource file to apply before serving. May be repeated.") var apply: [String] = []
    @Flag(help: "Add demo users, clients and an upstream, and a demo application on http://localhost:8081.") var demo =
        false
    @Option(help: "The port of the demo application.") var demoPort = 8081
    @OptionGroup var options: ServerOptions

    func run() async throws {
        try await Failure.reported {
            var configuration = try Configuration(options.configuration)
            let files = ResourceFiles(apply)
            _ = try files.valid()
            let demo = demo ? try Demo(configuration, port: demoPort) : nil
            configuration = demo?.configuration(from: configuration) ?? configuration
            let telemetry = TelemetryBootstrap.start(
                configuration.telemetry, version: Martlet.version,
                environment: ProcessInfo.processInfo.environment,
                // Expected outcomes that are not faults: a taken name, a client that disconnects, and cancellation.
                isRefusal: { error in
                    (error as? OAuthError)?.isRefusal
                        ?? (error is UniqueViolation || error is BrokenRequest || error is CancellationError)
                })
            if !configuration.serviceVariables.isEmpty {
                Logger.current.notice(
                    "ignored the environment variables that Kubernetes sets for Services",
                    metadata: ["variables": "\(configuration.serviceVariables.joined(separator: " "))"])
            }
            let (serve, composed) = (self, configuration)
            try await telemetry.during { try await serve.start(composed, applying: files, demo, telemetry) }
        }
    }

    private func start(
        _ configuration: Configuration, applying files: ResourceFiles, _ demo: Demo?, _ telemetry: TelemetryBootstrap
    ) async throws {
        let composition = try await Composition.open(configuration, for: .creating)
        try await composition.closing { try await serve(composition, applying: files, demo, telemetry) }
        Logger.current.notice("stopped")
    }

    private func serve(
        _ composition: Composition, applying files: ResourceFiles, _ demo: Demo?, _ telemetry: TelemetryBootstrap
    ) async throws {
        let configuration = composition.configuration
        let prepare: @Sendable () async throws -> Void = {
            try await composition.prepare()
            try await demo?.apply(to: composition)
            let administration = try composition.administration(configuration.issuers[0])
            let resources = try files.valid()
            let changes = try await files.apply(by: administration)
            for warning in files.warnings(
                besides: try await administration.resourceNames(), under: configuration.settings)
            {
                Logger.current.warning("\(warning)")
            }
            for change in changes {
                Logger.current.notice("resource applied", metadata: ["change": "\(change.line)"])
            }
            // Another person may have registered the username before the file assigned roles to it.
            let names = Set(changes.filter(\.changesAccess).map(\.name))
            for user in try await administration.usersWithOtherPasswords(resources, where: names.contains) {
                Logger.current.warning("\(Apply.otherPassword(of: user))")
            }
        }
        var isPrepared = true
        do { try await prepare() } catch let error as StorageError where error.mayPass { isPrepared = false }
        try await serve(composition, Preparation(isDone: isPrepared, work: prepare), demo, telemetry.metrics)
    }

    private func serve(
        _ composition: Composition, _ preparation: Preparation, _ demo: Demo?, _ metrics: MetricsRegistry?
    ) async throws {
        let configuration = composition.configuration
        let pages = try PageRenderer(name: configuration.settings.name, overrides: configuration.templates)
        let providers = try configuration.issuers.map { try composition.provider($0, pages: pages) }
        var settings = ServerSettings(
            address: configuration.address, tls: configuration.tls, proxies: configuration.proxies)
        settings.certificateAddress = configuration.mutualTLS?.address
        settings.certificateField = configuration.mutualTLS?.field
        settings.limits = providers[0].settings.limits
        settings.connections = configuration.connections
        let server = HTTPServer(
            settings: settings,
            providers: providers.map { MountedProvider($0) }, pages: pages, readiness: preparation.readiness,
            onRunning: { _ in
                Logger.current.notice(
                    "serving",
                    metadata: [
                        "issuers": "\(configuration.issuers.map(\.identifier).joined(separator: " "))",
                        "storage": "\(configuration.storage)", "configuration": "\(configuration.file ?? "none")",
                    ])
                demo?.greet()
            })
        var services: [any Service] = [
            MemoryReturn(),
            PreparedServices(
                preparation: preparation,
                services: providers.flatMap(\.services) + configuration.issuers.compactMap(composition.webhookService)),
        ]
        if let authorities = configuration.mutualTLS?.authorities { services.append(authorities) }
        if let address = configuration.metricsAddress, let metrics {
            services.append(
                MetricsSite(
                    settings: ServerSettings(address: address, proxies: .none), type: PrometheusText.contentType
                ) { PrometheusText.write(metrics.snapshot()) })
        }
        if let demo { services.append(demo.site(composition.fetcher)) }
        var group = ServiceGroupConfiguration(
            services: services + [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.quiet)
        group.maximumGracefulShutdownDuration = .seconds(settings.shutdownGrace + 2)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as CannotListen {
            throw Mistakes([reason(error, configuration)])
        }
    }

    /// Hides the lifecycle library's messages below warnings; Martlet logs its own start and stop.
    private static let quiet: Logger = {
        var logger = Logger(label: "lifecycle")
        logger.logLevel = .warning
        return logger
    }()

    /// Names the setting with the address, and the next step.
    private func reason(_ error: CannotListen, _ configuration: Configuration) -> String {
        let setting =
            switch error.address {
            case configuration.address: Setting.listen.rawValue
            case configuration.metricsAddress: Setting.telemetryMetrics.rawValue
            case configuration.mutualTLS?.address: Setting.tlsMutualListen.rawValue
            default: "--demo-port"
            }
        return error.isInUse
            ? "\(setting): \(error.address) is already in use; stop the program that uses it, or choose another address"
            : "\(setting): cannot listen on \(error.address) (\(error.reason)); choose another address"
    }
}
