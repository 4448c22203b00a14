/// How log lines are written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line, for programs.
    case json
    /// For people at a terminal.
    case text
}
