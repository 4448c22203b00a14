/// The format of log lines.
package enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object per line, for programs.
    case json
    /// Readable text, for a terminal.
    case text
}
