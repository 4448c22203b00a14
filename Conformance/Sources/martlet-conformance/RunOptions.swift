import ArgumentParser
import Conformance
import Foundation

/// The options of every run.
struct RunOptions: ParsableArguments {
    @Option(help: "A plan to run. May be repeated. Defaults to all implemented plans.") var plan: [String] = []
    @Option(help: "A module of these plans to run. May be repeated. Defaults to all.") var module: [String] = []
    @Option(help: "An allowlist of expected warnings, skips and gaps (JSON).") var allow: String?
    @Option(help: "The folder for report.html, report.json and report.xml.") var report: String?
    @Option(help: "The number of modules to run at once.") var width = 6
    @Option(help: "The time limit for each response, in seconds.") var timeout = 15.0
    @Flag(help: "Run the FAPI plans in every variant, not only in those that cover every pair of values.")
    var allVariants = false
    @Option(help: "A value that the variants of FAPI plans to run must have, such as dpop. May be repeated.")
    var variant: [String] = []
    @Flag(help: "Wait a tenth as long, for a provider with shortened lifetimes. Not a valid conformance result.")
    var fast = false

    /// Returns the selected plans and modules. Throws `ValidationError` for an unknown one.
    func selection() throws -> Selection {
        let known = allVariants ? Plans.base + Plans.everyFAPI : Plans.all
        let plans = try plan.map { name in
            let found = known.filter { $0.name == name }
            guard !found.isEmpty else {
                let isKnown = Plans.notImplemented.contains(name)
                throw ValidationError(
                    isKnown ? "the plan \(name) is not implemented" : "unknown plan \(name); run `list` to see all")
            }
            return found
        }
        let chosen = (plans.isEmpty ? known : plans.flatMap(\.self)).filter { plan in
            let values = plan.variant.fapi?.values.map { [$0.value, "\($0.name)=\($0.value)"] }.flatMap(\.self)
            return values.map { Set(variant).isSubset(of: $0) } ?? true
        }
        let names = Set(chosen.flatMap(\.modules))
        if let unknown = module.first(where: { !names.contains($0) }) {
            throw ValidationError("no selected plan has a module \(unknown); run `list --modules` to see all")
        }
        return Selection(plans: chosen, modules: Set(module))
    }

    /// Runs the selection against `target` and reports the results. Throws `ExitCode.failure` unless the run is good.
    func run(_ target: Target, receiver: Receiver?, trust: String? = nil) async throws {
        let list = try allow.map(AllowList.read)
        let selection = try selection()
        var limits = Transport.Limits()
        limits.seconds = timeout
        let transport = Transport(limits: limits, trustedRoots: trust)
        let (began, clock) = (Date(), ContinuousClock.now)
        let runner = Runner(
            target: target, transport: transport, receiver: receiver, width: width, pace: fast ? 0.1 : 1)
        let masking = Masking(secrets: target.secrets)
        let plans = await runner.run(selection) { plan, result in
            say(masking.text(ProgressLine.of(plan, result)))
        }
        await transport.close()
        await receiver?.close()
        let report = Report(
            issuer: target.issuer, began: began, seconds: (ContinuousClock.now - clock).seconds, plans: plans,
            masking: masking, isFast: fast, allowance: list.map { Allowance($0, plans) })
        try write(report)
        say(ProgressLine.closing(report))
        guard report.isGood else { throw ExitCode.failure }
    }

    private func write(_ report: Report) throws {
        guard let folder = self.report else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let files = [
            ("report.html", HTMLReport.render(report)), ("report.json", JSONReport.render(report)),
            ("report.xml", JUnitReport.render(report)),
        ]
        for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: folder).appending(path: name)) }
        say("\nReport: \(folder)/report.html")
    }
}
