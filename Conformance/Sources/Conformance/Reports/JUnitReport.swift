/// The report in JUnit XML, for continuous integration.
package enum JUnitReport {
    package static func render(_ report: Report) -> String {
        let suites = report.plans.map { suite($0, report.masking) }.joined()
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites tests="\(report.passed + report.failed + report.skipped)" failures="\(report.failed)" \
            skipped="\(report.skipped)" time="\(report.seconds)">
            \(suites)</testsuites>

            """
    }

    private static func suite(_ plan: PlanResult, _ masking: Masking) -> String {
        let failures = plan.modules.count(where: \.outcome.isFailure)
        let skipped = plan.modules.count { $0.outcome == .skipped || $0.outcome.isIncomplete }
        return """
            <testsuite name="\(XML.escape(plan.title))" tests="\(plan.modules.count)" failures="\(failures)" \
            skipped="\(skipped)">
            \(plan.modules.map { module($0, plan.title, masking) }.joined())</testsuite>

            """
    }

    private static func module(_ module: ModuleResult, _ plan: String, _ masking: Masking) -> String {
        let head = """
            <testcase classname="\(XML.escape(plan))" name="\(XML.escape(module.module))" time="\(module.seconds)"
            """
        let said = (module.broken.map { "\($0.condition): \($0.detail)" } + [module.reason].compactMap(\.self))
            .map(masking.text).joined(separator: "\n")
        switch module.outcome {
        case .passed: return head + "/>\n"
        case .warning: return "\(head)><system-out>\(XML.escape(said))</system-out></testcase>\n"
        case .failed, .interrupted:
            return "\(head)><failure message=\"\(module.outcome.rawValue)\">\(XML.escape(said))</failure></testcase>\n"
        case .skipped, .notConfigured, .notImplemented:
            return "\(head)><skipped message=\"\(XML.escape("\(module.outcome.rawValue) \(said)"))\"/></testcase>\n"
        }
    }
}

extension Finding {
    /// What was found instead, or why the condition was not evaluated.
    package var detail: String {
        switch verdict {
        case .holds: ""
        case .broken(let found): found
        case .notRun(let reason): reason
        }
    }
}

/// Escaping of text in XML and HTML.
enum XML {
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            // XML 1.0 §2.2 allows no other control characters.
            case "\t", "\n", "\r": escaped.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: escaped += "\u{FFFD}"
            case _ where scalar.value & 0xFFFE == 0xFFFE: escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
