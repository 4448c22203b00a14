import FoundationEssentials
import JOSE

/// Explains from the audit log, in sentences, why requests were allowed or refused.
package enum AuditExplanation {
    /// `records` are those of one trace, sorted by time. The decisions that led to a record precede it.
    package static func sentences(of records: [AuditRecord]) -> [String] {
        var told: [String] = []
        var sentences: [String] = []
        for record in records {
            // Within one request, the notes of each record begin with those of the previous record.
            let isSameRequest = record.notes.starts(with: told)
            sentences += record.notes.dropFirst(isSameRequest ? told.count : 0)
            told = record.notes
            sentences.append(sentence(record))
        }
        return sentences
    }

    private static func sentence(_ record: AuditRecord) -> String {
        let time = record.time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        var parts = ["\(time): \(words(record.event))"]
        // The upstream itself is among the details.
        if let factor = record.factor, record.details["upstream"] == nil { parts.append("by \(words(factor))") }
        if let user = record.user { parts.append("for user \(user)") }
        if let client = record.client { parts.append("with client \(client)") }
        if let address = record.address { parts.append("from \(address)") }
        return parts.joined(separator: " ") + end(record)
    }

    private static func end(_ record: AuditRecord) -> String {
        let details = record.details.members.compactMap { member in
            text(member.value).map { "\(words(member.name)) \($0)" }
        }
        return details.isEmpty ? "." : ": \(details.joined(separator: ", "))."
    }

    /// Returns a detail as text, or `nil` if it does not fit into a sentence.
    private static func text(_ value: JSON) -> String? {
        switch value {
        case .string(let text): return text.isEmpty ? nil : text
        case .integer(let number): return String(number)
        case .array(let items):
            let texts = items.compactMap(\.string)
            return texts.isEmpty ? nil : texts.joined(separator: " ")
        case .null, .bool, .number, .object: return nil
        }
    }

    private static func words(_ name: String) -> String { name.replacing("_", with: " ") }
}
