import Foundation
import TestSupport

/// A participant in a flow.
enum Participant: String, CaseIterable {
    case browser = "Browser"
    case device = "Device"
    case application = "Application"
    case martlet = "Martlet"
    case upstream = "Upstream"
    case storage = "Storage"
    case mail = "Mail"
}

/// A message from one participant to another.
struct Message: Equatable {
    let from: Participant
    let to: Participant
    let text: String
    let isAnswer: Bool

    init(_ from: Participant, _ to: Participant, _ text: String, isAnswer: Bool = false) {
        self.from = from
        self.to = to
        self.text = text
        self.isAnswer = isAnswer
    }

    var line: String { "\(from.rawValue)\(isAnswer ? "-->>" : "->>")\(to.rawValue): \(text)" }
}

/// A flow as a Mermaid diagram: messages, and notes with durations, which are not compared.
struct SequenceDiagram {
    enum Element {
        case message(Message)
        case duration(String)
    }

    var elements: [Element] = []

    var messages: [Message] {
        elements.compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    mutating func add(_ message: Message) { elements.append(.message(message)) }
    mutating func add(microseconds: Int) {
        elements.append(.duration(String(format: "%.1f ms", Double(microseconds) / 1_000)))
    }

    /// Returns a Markdown page with the diagram.
    func page(title: String, text: String) -> String {
        "# \(title)\n\n\(text)\n\n\(block)\n"
    }

    private var block: String {
        var lines = ["```mermaid", "sequenceDiagram"]
        let present = Set(messages.flatMap { [$0.from, $0.to] })
        lines += Participant.allCases.filter(present.contains).map { "    participant \($0.rawValue)" }
        for element in elements {
            switch element {
            case .message(let message): lines.append("    \(message.line)")
            case .duration(let text): lines.append("    Note over \(Participant.martlet.rawValue): \(text)")
            }
        }
        return lines.joined(separator: "\n") + "\n```"
    }

    /// Returns `page` with this diagram in place of its first one.
    func drawn(in page: String) throws -> String {
        guard let start = page.range(of: "```mermaid\n"),
            let end = page.range(of: "```", range: start.upperBound..<page.endIndex)
        else { throw Unexpected("the page has no diagram") }
        return page.replacingCharacters(in: start.lowerBound..<end.upperBound, with: block)
    }

    /// Returns the message lines of a page. Throws if it has no diagram.
    static func messageLines(in page: String) throws -> [String] {
        let parts = page.components(separatedBy: "```")
        guard let diagram = parts.first(where: { $0.hasPrefix("mermaid\n") }) else {
            throw Unexpected("the page has no diagram")
        }
        return diagram.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { $0.contains(">>") }
    }

    /// Returns the first line of `page` that differs from this diagram, or `nil` if none does.
    func difference(from page: String) throws -> String? {
        let (written, seen) = (try Self.messageLines(in: page), messages.map(\.line))
        for index in 0..<max(written.count, seen.count) {
            let (left, right) = (index < written.count ? written[index] : nil, index < seen.count ? seen[index] : nil)
            if left != right { return "written: \(left ?? "nothing"); seen: \(right ?? "nothing")" }
        }
        return nil
    }
}
