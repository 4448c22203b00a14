import ArgumentParser
import Conformance

/// `martlet-conformance list`.
struct ListPlans: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List plans, modules and covered requirements.",
        discussion: "Example: martlet-conformance list --modules")

    @Flag(help: "Also list the modules of each plan.") var modules = false
    @Flag(help: "List the requirements covered by the martlet-* modules instead.") var requirements = false

    func run() {
        guard !requirements else { return listRequirements() }
        for plan in Plans.distinct {
            let scripted = plan.modules.count { Modules.all[$0] != nil }
            say("\(plan.name)  \(scripted) of \(plan.modules.count) modules")
            guard modules else { continue }
            for name in plan.modules {
                let gap = OfficialPlans.exclusion(of: name, in: plan.variant) ?? "NOT-IMPLEMENTED"
                say("    \(name)\(Modules.all[name] == nil ? "  \(gap)" : "")")
            }
        }
        for name in Plans.notImplemented { say("\(name)  NOT-IMPLEMENTED") }
    }

    private func listRequirements() {
        let pairs = Modules.own.flatMap { module in module.sections.map { ($0, module.name) } }
        let covered = Dictionary(grouping: pairs, by: \.0).mapValues { $0.map(\.1).joined(separator: " ") }
        for (requirement, names) in covered.sorted(by: { $0.key < $1.key }) { say("\(requirement)  \(names)") }
    }
}
