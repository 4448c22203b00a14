/// The official suite's plans for providers and their modules in order, including those that this program can't run.
package enum OfficialPlans {
    package struct Entry: Sendable {
        package let name: String
        package let modules: [String]
    }

    package static let all = table.plans

    /// Returns the specification sections that an official module tests.
    package static func sections(of module: String) -> [String] { table.sections[module] ?? [] }

    /// Returns why the suite leaves out `module` in a variant, or `nil` if the module applies.
    package static func exclusion(of module: String, in variant: Variant) -> String? {
        let values = (variant.fapi?.values ?? []).map { "\($0.name)=\($0.value)" }
        let excluded = table.exclusions[module]?.filter(values.contains) ?? []
        return excluded.isEmpty ? nil : "not applicable: \(excluded.joined(separator: ", "))"
    }

    /// Parsed from lines: a plan's name, or a tab and one of its modules. A module's first occurrence is followed by its
    /// sections and the values of variants in which it does not apply.
    private static let table: (plans: [Entry], sections: [String: [String]], exclusions: [String: [String]]) = {
        var plans: [Entry] = []
        var sections: [String: [String]] = [:]
        var exclusions: [String: [String]] = [:]
        for line in String(decoding: PackageResources.official_tsv, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count > 1, let plan = plans.popLast() else {
                plans.append(Entry(name: fields[0], modules: []))
                continue
            }
            plans.append(Entry(name: plan.name, modules: plan.modules + [fields[1]]))
            if fields.count > 2 { sections[fields[1]] = fields[2].split(separator: " ").map(String.init) }
            if fields.count > 3 { exclusions[fields[1]] = fields[3].split(separator: " ").map(String.init) }
        }
        return (plans, sections, exclusions)
    }()
}
