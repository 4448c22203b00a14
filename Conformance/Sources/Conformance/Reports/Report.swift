package import Foundation

/// The results of a run, which the reporters render.
package struct Report: Sendable {
    package let issuer: String
    package let began: Date
    package let seconds: Double
    package let plans: [PlanResult]
    package let masking: Masking
    /// Whether lifetimes were shortened. Such a run is not valid as a conformance result.
    package let isFast: Bool
    /// The applied allowlist, if any.
    package let allowance: Allowance?

    package init(
        issuer: String, began: Date, seconds: Double, plans: [PlanResult], masking: Masking, isFast: Bool = false,
        allowance: Allowance? = nil
    ) {
        self.issuer = issuer
        self.began = began
        self.seconds = seconds
        self.plans = plans
        self.masking = masking
        self.isFast = isFast
        self.allowance = allowance
    }

    private func count(_ isCounted: (Outcome) -> Bool) -> Int {
        plans.flatMap(\.modules).count { isCounted($0.outcome) }
    }

    package var passed: Int { count { [.passed, .warning].contains($0) } }
    package var failed: Int { count(\.isFailure) }
    package var skipped: Int { count { $0 == .skipped || $0.isIncomplete } }

    package var closingLine: String { "\(passed) passed, \(failed) failed, \(skipped) skipped" }

    /// The reasons why the run is not good.
    package var objections: [String] {
        var objections: [String] = []
        if failed > 0 { objections.append("\(failed) modules failed") }
        if passed + failed == 0 { objections.append("no module was run") }
        for plan in plans {
            for module in plan.modules where module.outcome.isIncomplete {
                guard allowance?.allows(module, in: plan) != true else { continue }
                objections.append("\(plan.title) is incomplete: \(module.module) is \(module.outcome.rawValue)")
            }
        }
        return objections + (allowance?.objections ?? [])
    }

    package var isGood: Bool { objections.isEmpty }
}
