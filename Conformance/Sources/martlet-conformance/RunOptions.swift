import ArgumentParser
import Conformance
import Foundation

/// What every run takes: which modules, what is expected, where the report goes.
struct RunOptions: ParsableArguments {
    @Option(help: "A plan; may be repeated. Without it all that can be run.") var plan: [String] = []
    @Option(help: "A module of these plans; may be repeated. Without it all.") var module: [String] = []
    @Option(help: "Warnings, skips and gaps that are expected (JSON).") var allow: String?
    @Option(help: "A folder for report.html, report.json and report.xml.") var report: String?
    @Option(help: "How many modules run side by side.") var width = 6
    @Option(help: "Seconds until an answer must be there.") var timeout = 15.0
    @Flag(help: "Wait a tenth as long, where lifetimes are as short: say so, and claim nothing.") var fast = false

    /// Throws for a plan or module that is not there.
    func selection() throws -> Selection {
        let plans = try plan.map { name in
            guard let plan = Plans.all.first(where: { $0.name == name }) else {
                let isKnown = Plans.notImplemented.contains(name)
                throw ValidationError(isKnown ? "the plan \(name) is not implemented" : "there is no plan \(name)")
            }
            return plan
        }
        let chosen = plans.isEmpty ? Plans.all : plans
        let names = Set(chosen.flatMap(\.modules))
        if let unknown = module.first(where: { !names.contains($0) }) {
            throw ValidationError("no plan asked for has a module \(unknown)")
        }
        return Selection(plans: chosen, modules: Set(module))
    }

    /// Runs against `target`, tells of it, and throws the exit code when the run was not good.
    func run(_ target: Target, trust: String? = nil) async throws {
        let list = try allow.map(AllowList.read)
        let selection = try selection()
        var limits = Transport.Limits()
        limits.seconds = timeout
        let transport = Transport(limits: limits, trustedRoots: trust)
        let (began, clock) = (Date(), ContinuousClock.now)
        let runner = Runner(target: target, transport: transport, width: width, pace: fast ? 0.1 : 1)
        let masking = Masking(secrets: target.secrets)
        let plans = await runner.run(selection) { plan, result in
            say(masking.text(ProgressLine.of(plan, result)))
        }
        await transport.close()
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
        say("\nThe report: \(folder)/report.html")
    }
}
