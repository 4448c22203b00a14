import Foundation

/// The warnings, skips and gaps expected of a provider, each with a reason. Entries that no longer occur and results
/// without an entry are both reported.
package struct AllowList: Sendable, Codable {
    package struct Entry: Sendable, Codable, Hashable {
        /// The plan. If missing, the entry applies to every plan.
        package var plan: String?
        package var module: String
        /// `WARNING`, `SKIPPED`, `NOT-CONFIGURED` or `NOT-IMPLEMENTED`. Failures can't be allowed.
        package var result: Outcome
        /// The name of the condition that warns. If missing, the entry applies to every condition.
        package var condition: String?
        package var reason: String
    }

    package let entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries }

    package init(from decoder: any Decoder) throws { entries = try [Entry](from: decoder) }
    package func encode(to encoder: any Encoder) throws { try entries.encode(to: encoder) }

    /// Reads the file at `path`. Throws `InvalidTarget` if it can't be read or allows a failure.
    package static func read(_ path: String) throws -> AllowList {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InvalidTarget(reason: "\(path) cannot be read; check that it exists and that this user may read it")
        }
        do {
            let list = try JSONDecoder().decode(AllowList.self, from: data)
            if let entry = list.entries.first(where: { $0.result.isFailure || $0.result == .passed }) {
                throw InvalidTarget(reason: "\(path): cannot allow \(entry.result.rawValue) of \(entry.module)")
            }
            return list
        } catch let error as DecodingError {
            throw InvalidTarget(reason: "\(path): \(error)")
        }
    }
}

/// An allowlist applied to the results of a run.
package struct Allowance: Sendable {
    private let entries: [AllowList.Entry]
    package let objections: [String]

    package init(_ list: AllowList, _ plans: [PlanResult]) {
        entries = list.entries
        var objections: [String] = []
        var seen: Set<AllowList.Entry> = []
        for plan in plans {
            for module in plan.modules
            where module.isApplicable
                && ([.warning, .skipped].contains(module.outcome) || module.outcome.isIncomplete)
            {
                let matching = list.entries.filter { $0.covers(module, in: plan) }
                seen.formUnion(matching)
                let unexpected = Self.unexpected(module, matching)
                if !unexpected.isEmpty, !module.outcome.isIncomplete {
                    objections.append(
                        "\(plan.title): \(module.module) is unexpectedly \(module.outcome.rawValue): "
                            + unexpected.joined(separator: "; "))
                }
            }
        }
        let asked = plans.flatMap { plan in plan.modules.map { (plan.plan, $0.module) } }
        for entry in list.entries where !seen.contains(entry) {
            // The list may cover more plans than this run.
            guard asked.contains(where: { (entry.plan ?? $0.0) == $0.0 && entry.module == $0.1 }) else { continue }
            objections.append(
                "the allowlist expects \(entry.result.rawValue) of \(entry.module), which no longer occurs"
            )
        }
        self.objections = objections
    }

    package func allows(_ module: ModuleResult, in plan: PlanResult) -> Bool {
        entries.contains { $0.covers(module, in: plan) }
    }

    /// Returns the parts of a module's result that no entry covers.
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
