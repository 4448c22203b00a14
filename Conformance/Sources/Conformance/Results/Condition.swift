/// Something that must hold, as a pure function: evidence in, verdict out.
package struct Condition<Evidence: Sendable>: Sendable {
    /// A sentence that says what must hold.
    package let name: String
    /// What it means when it does not.
    package let level: Level
    package let sections: [String]
    private let evaluate: @Sendable (Evidence) -> Verdict

    package init(
        _ name: String, _ level: Level = .failure, _ sections: String...,
        evaluate: @escaping @Sendable (Evidence) -> Verdict
    ) {
        self.init(name: name, level: level, sections: sections, evaluate: evaluate)
    }

    private init(
        name: String, level: Level, sections: [String], evaluate: @escaping @Sendable (Evidence) -> Verdict
    ) {
        self.name = name
        self.level = level
        self.sections = sections
        self.evaluate = evaluate
    }

    package func verdict(on evidence: Evidence) -> Verdict { evaluate(evidence) }

    /// The same, with another meaning when it does not hold.
    package func at(_ level: Level) -> Condition {
        Condition(name: name, level: level, sections: sections, evaluate: evaluate)
    }
}

package enum Level: String, Sendable, Codable {
    case failure = "FAILURE"
    case warning = "WARNING"
    case info = "INFO"
}

package enum Verdict: Hashable, Sendable {
    case holds
    /// With what was found instead.
    case broken(String)
    /// It says nothing here, and why: neither good nor bad.
    case notRun(String)

    /// `holds` when `condition` is true, otherwise broken with what was found.
    package static func require(_ condition: Bool, _ found: @autoclosure () -> String) -> Verdict {
        condition ? .holds : .broken(found())
    }
}

/// A condition's verdict in a module's run.
package struct Finding: Sendable {
    package let condition: String
    package let level: Level
    package let sections: [String]
    package let verdict: Verdict
    /// The number of the exchange that is the evidence.
    package let exchange: Int

    package var isBroken: Bool { if case .broken = verdict { true } else { false } }
}
