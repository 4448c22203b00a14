import ArgumentParser
import Conformance
import Foundation

/// `martlet-conformance mutations`.
struct RunMutations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutations",
        abstract: "Show that deliberate faults of a Martlet built for it are noticed.",
        discussion: "The server must be built with MARTLET_MUTATIONS set, as `make conformance-mutations` does.")

    @Option(help: "The program with the faults.") var server: String
    @Option(help: "Its clients and people (YAML).") var resources = "Conformance/martlet/resources.yaml"
    @Option(help: "How the tester knows them (JSON).") var target = "Conformance/martlet/target.json"
    @Option(help: "How many servers run side by side.") var width = 4

    func run() async throws {
        let run = MutationRun(program: server, resources: resources, target: try Target.read(target), pace: 0.1)
        let clean = try await run.clean()
        for result in clean { say(Self.row("none", "no fault", result.module, result.outcome.rawValue)) }
        let rows = await run.faulty(width: width) { row in
            let mutation = row.mutation
            if let trouble = row.trouble { say(Self.row(mutation.name, mutation.what, trouble, "NOT RUN")) }
            for result in row.results {
                say(Self.row(mutation.name, mutation.what, result.module, result.outcome.rawValue))
                for finding in result.broken { say("    \(finding.condition): \(finding.detail.prefix(160))") }
            }
        }
        let unclean = clean.filter { ![.passed, .warning].contains($0.outcome) }
        let unnoticed = rows.filter { !$0.isNoticed }
        say("")
        for result in unclean { say("Not clean: \(result.module): \(result.outcome.rawValue)") }
        for row in unnoticed { say("Unnoticed: \(row.mutation.name), \(row.mutation.what)") }
        let bad = unclean.count + unnoticed.count
        say("\(clean.count + rows.count - bad) passed, \(bad) failed, 0 skipped")
        guard bad == 0 else { throw ExitCode.failure }
    }

    private static func row(_ fields: String...) -> String {
        zip(fields, [18, 55, 68, 0]).map { $0.padding(toLength: max($0.count, $1), withPad: " ", startingAt: 0) }
            .joined(separator: " ")
    }
}
