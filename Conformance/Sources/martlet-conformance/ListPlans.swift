import ArgumentParser
import Conformance

/// `martlet-conformance list`.
struct ListPlans: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the plans and their modules.")

    @Flag(help: "Also list the modules of each plan.") var modules = false

    func run() {
        for plan in Plans.all {
            let scripted = plan.modules.count { Modules.all[$0] != nil }
            say("\(plan.name)  \(scripted) of \(plan.modules.count) modules")
            guard modules else { continue }
            for name in plan.modules {
                say("    \(name)\(Modules.all[name] == nil ? "  NOT-IMPLEMENTED" : "")")
            }
        }
        for name in Plans.notImplemented { say("\(name)  NOT-IMPLEMENTED") }
    }
}
