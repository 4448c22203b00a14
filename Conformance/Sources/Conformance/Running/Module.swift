/// A test: a script that sends requests to the provider and checks the responses.
package struct Module: Sendable {
    /// The name in the official suite, or a name with the prefix `martlet-`.
    package let name: String
    package let sections: [String]
    /// The time limit in seconds.
    package let limit: Double
    private let script: @Sendable (Trial) async throws -> Void

    package init(
        _ name: String, _ sections: [String]? = nil, limit: Double = 240,
        script: @escaping @Sendable (Trial) async throws -> Void
    ) {
        self.name = name
        self.sections = sections ?? OfficialPlans.sections(of: name)
        self.limit = limit
        self.script = script
    }

    /// Runs the script. Returns a result whatever the provider does.
    package func run(_ trial: Trial) async -> ModuleResult {
        let start = ContinuousClock.now
        var reason: String?
        var ending: Outcome?
        do {
            let script = self.script
            try await within(limit) { try await script(trial) }
        } catch is Stop {
            // The broken condition is among the findings.
        } catch let skip as Skip {
            (ending, reason) = (.skipped, skip.reason)
        } catch let missing as NotConfigured {
            (ending, reason) = (.notConfigured, missing.what)
        } catch let misbehaviour as Misbehaviour {
            trial.record(misbehaviour)
            reason = misbehaviour.what
        } catch let deadline as DeadlinePassed {
            (ending, reason) = (.interrupted, "the module took longer than \(Int(deadline.seconds)) s")
        } catch {
            (ending, reason) = (.interrupted, "\(error)")
        }
        let findings = trial.findings
        let judged = Outcome(of: findings)
        if ending == nil, judged == .interrupted { reason = reason ?? "no condition was evaluated" }
        return ModuleResult(
            module: name, sections: sections,
            outcome: judged.isFailure && judged != .interrupted ? judged : ending ?? judged,
            reason: reason, findings: findings, exchanges: trial.log.all,
            seconds: (ContinuousClock.now - start).seconds)
    }
}
