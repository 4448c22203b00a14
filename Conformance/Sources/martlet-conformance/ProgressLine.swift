import Conformance
import Foundation

/// What the terminal shows of a run.
enum ProgressLine {
    static func of(_ plan: Plan, _ result: ModuleResult) -> String {
        let outcome = result.outcome.rawValue.padding(toLength: 15, withPad: " ", startingAt: 0)
        let mode = plan.variant.responseMode.map { " (\($0))" } ?? ""
        var lines = ["\(outcome) \(result.module)\(mode)"]
        lines += result.broken.map { "    \($0.level.rawValue): \($0.condition): \($0.detail)" }
        if let reason = result.reason, result.outcome != .notImplemented { lines.append("    \(reason)") }
        return lines.joined(separator: "\n")
    }

    /// The last words of a run; the very last line has the numbers.
    static func closing(_ report: Report) -> String {
        var lines = [""]
        if report.isFast { lines.append("Shortened lifetimes: this run claims nothing of any plan.") }
        lines += report.plans.map { "\($0.plan): \($0.verdict)" }
        lines += Set(report.plans.flatMap(\.unjudged)).sorted().map { "Not judged: \($0)" }
        lines += report.objections.map { "Objection: \($0)" }
        return (lines + ["", report.closingLine]).joined(separator: "\n")
    }
}
