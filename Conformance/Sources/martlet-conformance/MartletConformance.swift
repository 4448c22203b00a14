import ArgumentParser
import Conformance
import Foundation

@main
struct MartletConformance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet-conformance", abstract: "Test an OpenID Provider for conformance over HTTP.",
        discussion: """
            Test any provider:       martlet-conformance run --target provider.json --report report
            Test a Martlet build:    martlet-conformance martlet --server .build/debug/martlet
            List all plans:          martlet-conformance list --modules

            docs/conformance.md describes the target file and the results.
            """,
        subcommands: [RunPlans.self, RunMartlet.self, RunMutations.self, ListPlans.self],
        defaultSubcommand: RunPlans.self)
}
