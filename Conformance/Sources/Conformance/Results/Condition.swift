/// A requirement, as a pure function from evidence to a verdict.
package struct Condition<Evidence: Sendable>: Sendable {
    /// The requirement as a sentence.
    package let name: String
    /// The severity if the condition is broken.
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

    /// Returns the same condition with another severity.
    package func at(_ level: Level) -> Condition {
        Condition(name: name, level: level, sections: sections, evaluate: evaluate)
    }
}

/// The severity of a broken condition.
package enum Level: String, Sendable, Codable {
    case failure = "FAILURE"
    case warning = "WARNING"
    case info = "INFO"
}

/// The result of evaluating a condition.
package enum Verdict: Hashable, Sendable {
    case holds
    /// The condition does not hold. Carries what was found instead.
    case broken(String)
    /// The condition does not apply. Carries the reason.
    case notRun(String)

    /// Returns `holds` if `condition` is true, otherwise `broken` with `found`.
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
    /// The number of the latest exchange at the time of the check.
    package let exchange: Int

    package var isBroken: Bool { if case .broken = verdict { true } else { false } }
}
