import Foundation

/// The report for humans: a single self-contained HTML file.
package enum HTMLReport {
    package static func render(_ report: Report) -> String {
        let style = String(decoding: PackageResources.report_css, as: UTF8.self)
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Conformance of \(XML.escape(report.issuer))</title>
            <style>\(style)</style></head><body><main>
            <h1>Conformance report</h1>
            <p class="issuer"><code>\(XML.escape(report.issuer))</code></p>
            <p>\(XML.escape(report.began.formatted(.iso8601))), \(number(report.seconds)) s.
            <strong>\(report.closingLine).</strong></p>
            \(notices(report))
            <h2>Plans</h2>
            \(summary(report))
            \(report.plans.enumerated().map { plan($1, at: $0, report.masking) }.joined(separator: "\n"))
            <p class="note">Plans and modules are named as in the official suite. This report is not a certification.</p>
            </main></body></html>

            """
    }

    private static func notices(_ report: Report) -> String {
        var notices: [String] = []
        if report.isFast { notices.append("Run with shortened lifetimes: not valid as a conformance result.") }
        notices += report.objections
        notices += Set(report.plans.flatMap(\.unjudged)).sorted().map { "Not judged: \($0)." }
        guard !notices.isEmpty else { return "" }
        return
            "<ul class=\"notices\">\(notices.map { "<li>\(XML.escape(report.masking.text($0)))</li>" }.joined())</ul>"
    }

    private static func summary(_ report: Report) -> String {
        let rows = report.plans.enumerated().map { index, plan in
            let counts = Dictionary(grouping: plan.modules, by: \.outcome).mapValues(\.count)
            let words = counts.sorted { $0.key.rawValue < $1.key.rawValue }
                .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
            return """
                <tr><td><a href="#plan-\(index)">\(XML.escape(plan.title))</a></td>\
                <td class="\(plan.verdict)">\(plan.verdict)</td><td>\(words)</td></tr>
                """
        }
        return "<table><tr><th>plan</th><th>verdict</th><th>modules</th></tr>\(rows.joined())</table>"
    }

    private static func plan(_ plan: PlanResult, at index: Int, _ masking: Masking) -> String {
        """
        <section id="plan-\(index)"><h2>\(XML.escape(plan.plan))</h2>
        <p class="note">\(XML.escape(plan.variant))</p>
        \(plan.modules.map { module($0, masking) }.joined(separator: "\n"))
        </section>
        """
    }

    private static func module(_ module: ModuleResult, _ masking: Masking) -> String {
        let reason = module.reason.map { "<p>\(XML.escape(masking.text($0)))</p>" } ?? ""
        let broken = module.broken.map {
            "<li>\(XML.escape($0.condition)): \(XML.escape(masking.text($0.detail)))</li>"
        }
        return """
            <details\(module.outcome.isFailure ? " open" : "")><summary>\
            <span class="badge \(module.outcome.rawValue)">\(module.outcome.rawValue)</span>
            <code>\(XML.escape(module.module))</code>
            <span class="sections">\(XML.escape(module.sections.joined(separator: " ")))</span></summary>
            \(reason)\(broken.isEmpty ? "" : "<ul class=\"broken\">\(broken.joined())</ul>")
            \(findings(module, masking))\(exchanges(module, masking))</details>
            """
    }

    private static func findings(_ module: ModuleResult, _ masking: Masking) -> String {
        guard !module.findings.isEmpty else { return "" }
        let rows = module.findings.map { finding in
            let (mark, style) =
                switch finding.verdict {
                case .holds: ("holds", "holds")
                case .broken: (finding.level.rawValue, finding.level.rawValue)
                case .notRun: ("not run", "unjudged")
                }
            return """
                <tr class="\(style)"><td>\(mark)</td><td>\(XML.escape(finding.condition))\
                \(finding.detail.isEmpty ? "" : "<br><small>\(XML.escape(masking.text(finding.detail)))</small>")</td>\
                <td>\(XML.escape(finding.sections.joined(separator: ", ")))</td><td>\(finding.exchange)</td></tr>
                """
        }
        return "<table><tr><th></th><th>condition</th><th>section</th><th>after</th></tr>\(rows.joined())</table>"
    }

    private static func exchanges(_ module: ModuleResult, _ masking: Masking) -> String {
        module.exchanges.map { exchange in
            let request = exchange.request
            let result =
                switch exchange.result {
                case .success(let answer): String(answer.status)
                case .failure(let misbehaviour): misbehaviour.what
                }
            let answer =
                switch exchange.result {
                case .success(let answer):
                    message("HTTP \(answer.status)", answer.headers, answer.text, answer.mediaType, masking)
                case .failure(let misbehaviour): misbehaviour.what
                }
            let mediaType = WebAnswer(status: 0, headers: request.headers).mediaType
            let address = masking.address(request.address)
            let sent = message("\(request.method) \(address)", request.headers, request.body ?? "", mediaType, masking)
            return """
                <details class="exchange"><summary>\(exchange.number). \(XML.escape(request.method)) \
                \(XML.escape(String(address.prefix(120)))) → \(XML.escape(result)) \
                <small>\(number(exchange.startedAfter)) s, \(number(exchange.seconds)) s</small></summary>\
                <pre>\(XML.escape(sent))</pre><pre>\(XML.escape(answer))</pre></details>
                """
        }.joined(separator: "\n")
    }

    private static func message(
        _ first: String, _ headers: [Parameter], _ body: String, _ mediaType: String, _ masking: Masking
    ) -> String {
        let fields = masking.headers(headers).map { "\($0.name): \($0.value)" }
        let text = masking.body(body, mediaType: mediaType)
        let shown = text.count > 4_000 ? "\(text.prefix(4_000))… (\(text.count) characters)" : text
        return ([first] + fields + [""] + [shown]).joined(separator: "\n")
    }

    private static func number(_ seconds: Double) -> String { seconds.formatted(.number.precision(.fractionLength(2))) }
}
