import ArgumentParser
import Conformance
import Foundation

/// Drives an OpenID Provider over HTTP and says what is wrong with it.
@main
struct MartletConformance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet-conformance", abstract: "Test an OpenID Provider from outside.",
        subcommands: [RunPlans.self, RunMartlet.self, RunMutations.self, ListPlans.self],
        defaultSubcommand: RunPlans.self)
}
