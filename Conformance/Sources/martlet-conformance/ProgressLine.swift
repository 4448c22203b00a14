import Conformance
import Foundation

/// The terminal output of a run.
enum ProgressLine {
    static func of(_ plan: Plan, _ result: ModuleResult) -> String {
        let outcome = result.outcome.rawValue.padding(toLength: 15, withPad: " ", startingAt: 0)
        let mode = plan.variant.summary.map { " (\($0))" } ?? ""
        var lines = ["\(outcome) \(result.module)\(mode)"]
        lines += result.broken.map { "    \($0.level.rawValue): \($0.condition): \($0.detail)" }
        if let reason = result.reason, result.outcome != .notImplemented { lines.append("    \(reason)") }
        return lines.joined(separator: "\n")
    }

    /// Returns the summary of a run. The last line has the counts.
    static func closing(_ report: Report) -> String {
        var lines = [""]
        if report.isFast { lines.append("Run with shortened lifetimes: not valid as a conformance result.") }
        lines += report.plans.map { "\($0.title): \($0.verdict)" }
        lines += Set(report.plans.flatMap(\.unjudged)).sorted().map { "Not judged: \($0)" }
        lines += report.objections.map { "Problem: \($0)" }
        return (lines + ["", report.closingLine]).joined(separator: "\n")
    }
}
