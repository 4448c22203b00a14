import Synchronization

/// The plans to run, optionally limited to some of their modules.
package struct Selection: Sendable {
    package var plans: [Plan]
    /// The names of the modules to run. Empty for all.
    package var modules: Set<String> = []

    package init(plans: [Plan], modules: Set<String> = []) {
        self.plans = plans
        self.modules = modules
    }
}

/// Runs modules concurrently, because some wait for a long time, and reports each as it finishes.
package struct Runner: Sendable {
    package let target: Target
    package let transport: Transport
    /// `nil` if the target has none.
    package let receiver: Receiver?
    /// The number of modules to run at once.
    package let width: Int
    /// The factor by which waits are shortened. 1 keeps them.
    package let pace: Double

    package init(target: Target, transport: Transport, receiver: Receiver? = nil, width: Int, pace: Double = 1) {
        self.target = target
        self.transport = transport
        self.receiver = receiver
        self.width = max(1, width)
        self.pace = pace
    }

    private struct Job: Sendable {
        let plan: Int
        let position: Int
        let name: String
        let variant: Variant
    }

    package func run(
        _ selection: Selection, progress: @escaping @Sendable (Plan, ModuleResult) -> Void
    ) async -> [PlanResult] {
        var jobs: [Job] = []
        for (index, plan) in selection.plans.enumerated() {
            for (position, name) in plan.modules.enumerated()
            where selection.modules.isEmpty || selection.modules.contains(name) {
                jobs.append(Job(plan: index, position: position, name: name, variant: plan.variant))
            }
        }
        // Modules with long waits start first, in addition to the others, because they send little.
        let sleepers = jobs.count { Self.waits($0.name) }
        var waiting = jobs.sorted { Self.waits($0.name) && !Self.waits($1.name) }[...]
        var results = selection.plans.map { _ in [Int: ModuleResult]() }
        await withTaskGroup(of: (Job, ModuleResult).self) { group in
            func startNext() {
                guard let job = waiting.popFirst() else { return }
                group.addTask { (job, await run(job)) }
            }
            for _ in 0..<(width + sleepers) { startNext() }
            for await (job, result) in group {
                results[job.plan][job.position] = result
                progress(selection.plans[job.plan], result)
                if !Self.waits(job.name) { startNext() }
            }
        }
        return zip(selection.plans, results).map { plan, results in
            PlanResult(
                plan: plan.name, variant: plan.variant.description,
                values: plan.variant.fapi == nil ? "" : plan.variant.summary ?? "",
                isWhole: results.count == plan.modules.count,
                modules: results.sorted { $0.key < $1.key }.map(\.value))
        }
    }

    private func run(_ job: Job) async -> ModuleResult {
        if let reason = OfficialPlans.exclusion(of: job.name, in: job.variant) {
            return ModuleResult(
                module: job.name, sections: OfficialPlans.sections(of: job.name), outcome: .skipped, reason: reason,
                isApplicable: false)
        }
        guard let module = Modules.all[job.name] else {
            return ModuleResult(
                module: job.name, sections: OfficialPlans.sections(of: job.name), outcome: .notImplemented,
                reason: "not implemented by this program yet")
        }
        let trial = Trial(
            target: target, variant: job.variant, transport: transport, receiver: receiver, pace: pace)
        return await module.run(trial)
    }

    private static func waits(_ name: String) -> Bool {
        [
            "30seconds", "lifetime", "refresh-reuse", "expired-auth-code", "expired-request_uri", "logout-refusal",
            "push-refusal",
        ]
        .contains(where: name.contains)
    }
}

/// The result of one run of a plan.
package struct PlanResult: Sendable {
    package let plan: String
    package let variant: String
    /// The values that distinguish it from other runs of the plan. Empty if there are none.
    package let values: String
    /// Whether all of its modules were run.
    package let isWhole: Bool
    package let modules: [ModuleResult]

    package init(plan: String, variant: String, values: String = "", isWhole: Bool, modules: [ModuleResult]) {
        self.plan = plan
        self.variant = variant
        self.values = values
        self.isWhole = isWhole
        self.modules = modules
    }

    /// The plan and what distinguishes this run of it.
    package var title: String { values.isEmpty ? plan : "\(plan) (\(values))" }

    /// The overall result: `passed`, `failed` or `incomplete`.
    package var verdict: String {
        if modules.contains(where: \.outcome.isFailure) { return "failed" }
        if !isWhole || modules.isEmpty || modules.contains(where: \.outcome.isIncomplete) { return "incomplete" }
        return "passed"
    }

    /// The conditions that could not be judged, such as https on a loopback address.
    package var unjudged: [String] {
        let reasons = modules.flatMap(\.findings).compactMap { finding in
            if case .notRun(let reason) = finding.verdict, reason.contains("not judged") {
                "\(finding.condition): \(reason)"
            } else {
                nil
            }
        }
        return Array(Set(reasons)).sorted()
    }
}
