import Foundation

/// The report in JSON, for programs.
package enum JSONReport {
    package static func render(_ report: Report) -> String {
        JSON.object([
            "issuer": .string(report.issuer), "began": .string(report.began.formatted(.iso8601)),
            "seconds": .number(report.seconds), "fast": .bool(report.isFast), "summary": .string(report.closingLine),
            "good": .bool(report.isGood), "objections": .array(report.objections.map(JSON.string)),
            "plans": .array(report.plans.map { plan($0, report.masking) }),
        ]).text + "\n"
    }

    private static func plan(_ plan: PlanResult, _ masking: Masking) -> JSON {
        [
            "plan": .string(plan.plan), "variant": .string(plan.variant), "verdict": .string(plan.verdict),
            "unjudged": .array(plan.unjudged.map(JSON.string)),
            "modules": .array(plan.modules.map { module($0, masking) }),
        ]
    }

    private static func module(_ module: ModuleResult, _ masking: Masking) -> JSON {
        [
            "module": .string(module.module), "outcome": .string(module.outcome.rawValue),
            "reason": module.reason.map { .string(masking.text($0)) } ?? .null, "seconds": .number(module.seconds),
            "sections": .array(module.sections.map(JSON.string)),
            "findings": .array(module.findings.map { finding($0, masking) }),
            "exchanges": .array(module.exchanges.map { exchange($0, masking) }),
        ]
    }

    private static func finding(_ finding: Finding, _ masking: Masking) -> JSON {
        let (verdict, detail): (String, String?) =
            switch finding.verdict {
            case .holds: ("holds", nil)
            case .broken(let found): ("broken", found)
            case .notRun(let reason): ("not run", reason)
            }
        return [
            "condition": .string(finding.condition), "level": .string(finding.level.rawValue),
            "sections": .array(finding.sections.map(JSON.string)), "verdict": .string(verdict),
            "detail": detail.map { .string(masking.text($0)) } ?? .null, "exchange": .number(Double(finding.exchange)),
        ]
    }

    private static func exchange(_ exchange: Exchange, _ masking: Masking) -> JSON {
        var members: [String: JSON] = [
            "number": .number(Double(exchange.number)), "started_after": .number(exchange.startedAfter),
            "seconds": .number(exchange.seconds), "method": .string(exchange.request.method),
            "address": .string(masking.address(exchange.request.address)),
        ]
        switch exchange.result {
        case .success(let answer): members["status"] = .number(Double(answer.status))
        case .failure(let misbehaviour): members["failure"] = .string(misbehaviour.what)
        }
        return .object(members)
    }
}
