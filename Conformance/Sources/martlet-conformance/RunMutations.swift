import ArgumentParser
import Conformance
import Foundation

/// `martlet-conformance mutations`.
struct RunMutations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutations",
        abstract: "Check that the tests detect deliberate faults in Martlet.",
        discussion: """
            Needs a Martlet that was built with the environment variable MARTLET_MUTATIONS. Run `make \
            conformance-mutations` to build and test it.
            """)

    @Option(help: "The martlet program built with faults.") var server: String
    @Option(help: "The resource file with the clients and users to create (YAML).") var resources =
        "Conformance/martlet/resources.yaml"
    @Option(help: "The target file that describes them to the tester (JSON).") var target =
        "Conformance/martlet/target.json"
    @Option(help: "The certificates that client certificates are checked with (PEM).") var clientCA =
        "Conformance/martlet/client-ca.pem"
    @Option(help: "A fault to run. May be repeated. Defaults to all, and to a run without a fault.") var fault:
        [String] = []
    @Option(help: "The number of servers to run at once.") var width = 4

    func run() async throws {
        let run = MutationRun(
            program: server, resources: resources, clientCA: clientCA, target: try Target.read(target), pace: 0.1)
        let clean = fault.isEmpty ? try await run.clean() : []
        for result in clean { say(Self.row("none", "no fault", result.module, result.outcome.rawValue)) }
        let rows = await run.faulty(width: width, only: Set(fault)) { row in
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
        for result in unclean { say("Fails without a fault: \(result.module): \(result.outcome.rawValue)") }
        for row in unnoticed { say("Undetected: \(row.mutation.name), \(row.mutation.what)") }
        let bad = unclean.count + unnoticed.count
        say("\(clean.count + rows.count - bad) passed, \(bad) failed, 0 skipped")
        guard bad == 0 else { throw ExitCode.failure }
    }

    private static func row(_ fields: String...) -> String {
        zip(fields, [18, 55, 68, 0]).map { $0.padding(toLength: max($0.count, $1), withPad: " ", startingAt: 0) }
            .joined(separator: " ")
    }
}
