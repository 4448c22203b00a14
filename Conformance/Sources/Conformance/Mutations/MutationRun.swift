/// Runs the modules that must detect a fault against servers with that fault.
package struct MutationRun: Sendable {
    /// The results for one fault.
    package struct Row: Sendable {
        package let mutation: ListedMutation
        package let results: [ModuleResult]
        /// Why the run failed, such as a server that did not start.
        package let trouble: String?

        /// Whether every module reports the expected outcome: FAILED, or WARNING if the fault only breaks a
        /// recommendation.
        package var isNoticed: Bool {
            let expected = mutation.expected
            return trouble == nil && results.count == mutation.modules.count
                && results.allSatisfy { $0.outcome == expected }
        }
    }

    package let program: String
    package let resources: String
    package let clientCA: String
    package let target: Target
    package let pace: Double

    package init(program: String, resources: String, clientCA: String, target: Target, pace: Double) {
        self.program = program
        self.resources = resources
        self.clientCA = clientCA
        self.target = target
        self.pace = pace
    }

    /// Runs the same modules against a server without faults, which must pass them.
    package func clean() async throws -> [ModuleResult] {
        var plans: [Plan] = []
        for mutation in ListedMutation.all {
            let listed = plans.firstIndex { $0.name == mutation.plan.name && $0.variant == mutation.plan.variant }
            let modules = Set(mutation.modules).union(listed.map { plans[$0].modules } ?? [])
            let plan = Plan(
                mutation.plan.name, variant: mutation.plan.variant,
                modules: mutation.plan.modules.filter(modules.contains))
            if let listed { plans[listed] = plan } else { plans.append(plan) }
        }
        return try await run(Selection(plans: plans), environment: [:])
    }

    /// Runs the faults named in `names`, or all of them, with at most `width` servers at a time, and reports each as it
    /// finishes.
    package func faulty(
        width: Int, only names: Set<String> = [], progress: @escaping @Sendable (Row) -> Void
    ) async -> [Row] {
        let chosen = ListedMutation.all.filter { names.isEmpty || names.contains($0.name) }
        var waiting = chosen.enumerated().sorted { waits($0.element) && !waits($1.element) }[...]
        var rows: [Int: Row] = [:]
        await withTaskGroup(of: (Int, Row).self) { group in
            func startNext() {
                guard let (index, mutation) = waiting.popFirst() else { return }
                group.addTask { (index, await row(mutation)) }
            }
            for _ in 0..<max(1, width) { startNext() }
            for await (index, row) in group {
                rows[index] = row
                progress(row)
                startNext()
            }
        }
        return rows.sorted { $0.key < $1.key }.map(\.value)
    }

    private func row(_ mutation: ListedMutation) async -> Row {
        let plan = Plan(mutation.plan.name, variant: mutation.plan.variant, modules: mutation.modules)
        do {
            let results = try await run(Selection(plans: [plan]), environment: ["CONFORMANCE_MUTATION": mutation.name])
            return Row(mutation: mutation, results: results, trouble: nil)
        } catch {
            return Row(mutation: mutation, results: [], trouble: "\(error)")
        }
    }

    private func run(_ selection: Selection, environment: [String: String]) async throws -> [ModuleResult] {
        // TLS takes time, and without it there are no client certificates.
        let isSecure = selection.plans.contains { plan in
            plan.variant.fapi?.usesCertificate == true || plan.modules.contains { $0.contains("-mtls-") }
        }
        let demandsNonces = selection.plans.contains { $0.modules.contains("martlet-dpop-nonce") }
        let nonces = demandsNonces ? ["--dpop-nonces", "true"] : []
        var target = target
        let receiver = try await Receiver()
        let martlet = try await MartletProcess(
            program: program, resources: resources, receiver: ReceiverMove(of: &target, to: receiver),
            isSecure: isSecure, clientCA: clientCA, arguments: ["--lifetimes-refresh-grace", "3"] + nonces,
            environment: environment)
        defer { martlet.stop() }
        target.issuer = martlet.issuer
        let transport = Transport(trustedRoots: martlet.certificate)
        let results = await Runner(target: target, transport: transport, receiver: receiver, width: 6, pace: pace)
            .run(selection) { _, _ in }
        await transport.close()
        await receiver.close()
        return results.flatMap(\.modules)
    }

    private func waits(_ mutation: ListedMutation) -> Bool {
        mutation.modules.contains { $0.contains("lifetime") || $0.contains("30seconds") || $0.contains("expired-r") }
    }
}
