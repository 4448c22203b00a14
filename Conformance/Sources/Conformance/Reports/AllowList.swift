import Foundation

/// Warnings, skips and gaps that are expected of a provider, each with a reason. An entry that no longer occurs is a
/// mistake of the list, and a warning or skip that it lacks one of the provider.
package struct AllowList: Sendable, Codable {
    package struct Entry: Sendable, Codable, Hashable {
        /// Every plan, when it is left out.
        package var plan: String?
        package var module: String
        /// `WARNING`, `SKIPPED`, `NOT-CONFIGURED` or `NOT-IMPLEMENTED`: never a failure.
        package var result: Outcome
        /// The condition that warns; any, when it is left out.
        package var condition: String?
        package var reason: String
    }

    package let entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries }

    package init(from decoder: any Decoder) throws { entries = try [Entry](from: decoder) }
    package func encode(to encoder: any Encoder) throws { try entries.encode(to: encoder) }

    /// Throws `InvalidTarget` for a file that cannot be read, or allows a failure.
    package static func read(_ path: String) throws -> AllowList {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InvalidTarget(reason: "\(path) cannot be read")
        }
        do {
            let list = try JSONDecoder().decode(AllowList.self, from: data)
            if let entry = list.entries.first(where: { $0.result.isFailure || $0.result == .passed }) {
                throw InvalidTarget(reason: "\(path): \(entry.result.rawValue) of \(entry.module) cannot be allowed")
            }
            return list
        } catch let error as DecodingError {
            throw InvalidTarget(reason: "\(path): \(error)")
        }
    }
}

/// An allow-list held against the results.
package struct Allowance: Sendable {
    private let entries: [AllowList.Entry]
    package let objections: [String]

    package init(_ list: AllowList, _ plans: [PlanResult]) {
        entries = list.entries
        var objections: [String] = []
        var seen: Set<AllowList.Entry> = []
        for plan in plans {
            for module in plan.modules
            where [.warning, .skipped].contains(module.outcome) || module.outcome.isIncomplete {
                let matching = list.entries.filter { $0.covers(module, in: plan) }
                seen.formUnion(matching)
                let unexpected = Self.unexpected(module, matching)
                if !unexpected.isEmpty, !module.outcome.isIncomplete {
                    objections.append(
                        "\(plan.plan): \(module.module) is \(module.outcome.rawValue), which is not expected: "
                            + unexpected.joined(separator: "; "))
                }
            }
        }
        let asked = plans.flatMap { plan in plan.modules.map { (plan.plan, $0.module) } }
        for entry in list.entries where !seen.contains(entry) {
            // A list may be for more plans than this run was asked for.
            guard asked.contains(where: { (entry.plan ?? $0.0) == $0.0 && entry.module == $0.1 }) else { continue }
            objections.append(
                "the allow-list expects \(entry.result.rawValue) of \(entry.module), which no longer occurs")
        }
        self.objections = objections
    }

    package func allows(_ module: ModuleResult, in plan: PlanResult) -> Bool {
        entries.contains { $0.covers(module, in: plan) }
    }

    /// What of a module's result no entry speaks of.
    private static func unexpected(_ module: ModuleResult, _ entries: [AllowList.Entry]) -> [String] {
        guard module.outcome == .warning else { return entries.isEmpty ? [module.reason ?? ""] : [] }
        return module.broken.map(\.condition).filter { condition in
            !entries.contains { $0.condition == nil || $0.condition == condition }
        }
    }
}

extension AllowList.Entry {
    fileprivate func covers(_ result: ModuleResult, in plan: PlanResult) -> Bool {
        guard self.plan ?? plan.plan == plan.plan, module == result.module, self.result == result.outcome else {
            return false
        }
        guard let condition else { return true }
        return result.broken.contains { $0.condition == condition }
    }
}
