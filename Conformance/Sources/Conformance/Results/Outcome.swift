/// The result of a module, best first. The worst finding decides.
package enum Outcome: String, Sendable, Codable {
    case passed = "PASSED"
    case warning = "WARNING"
    /// The provider does not support an optional feature.
    case skipped = "SKIPPED"
    /// The target lacks a client or user that the module needs.
    case notConfigured = "NOT-CONFIGURED"
    case notImplemented = "NOT-IMPLEMENTED"
    case failed = "FAILED"
    /// The script did not finish, or evaluated no condition.
    case interrupted = "INTERRUPTED"

    package var isFailure: Bool { self == .failed || self == .interrupted }
    package var isIncomplete: Bool { self == .notConfigured || self == .notImplemented }
}

/// The result of one run of a module.
package struct ModuleResult: Sendable {
    package let module: String
    package let sections: [String]
    package let outcome: Outcome
    /// Why the module did not pass, if findings don't say so.
    package let reason: String?
    package let findings: [Finding]
    package let exchanges: [Exchange]
    package let seconds: Double
    /// Whether the plan's variant includes the module. Otherwise it is skipped, whatever the provider supports.
    package let isApplicable: Bool

    package init(
        module: String, sections: [String], outcome: Outcome, reason: String? = nil, findings: [Finding] = [],
        exchanges: [Exchange] = [], seconds: Double = 0, isApplicable: Bool = true
    ) {
        self.module = module
        self.sections = sections
        self.outcome = outcome
        self.reason = reason
        self.findings = findings
        self.exchanges = exchanges
        self.seconds = seconds
        self.isApplicable = isApplicable
    }

    package var broken: [Finding] { findings.filter { $0.isBroken && $0.level != .info } }
}

extension Outcome {
    /// Derives the outcome from the findings. Without any evaluated condition it is `interrupted`.
    package init(of findings: [Finding]) {
        let judged = findings.filter { if case .notRun = $0.verdict { false } else { true } }
        let broken = judged.filter(\.isBroken)
        if judged.isEmpty {
            self = .interrupted
        } else if broken.contains(where: { $0.level == .failure }) {
            self = .failed
        } else {
            self = broken.contains { $0.level == .warning } ? .warning : .passed
        }
    }
}
