import Foundation
import TestSupport

/// A span as the program's log tells of it.
struct LoggedSpan {
    let name: String
    let trace: String
    let microseconds: Int

    /// Of lines of the log, in the order in which the spans ended.
    static func read(_ log: String) -> [LoggedSpan] {
        log.split(separator: "\n").compactMap { line in
            guard line.contains("\"message\":\"span\""), let object = try? json(String(line)),
                let name = object["name"] as? String, let trace = object["trace_id"] as? String
            else { return nil }
            return LoggedSpan(name: name, trace: trace, microseconds: Int(object["microseconds"] as? String ?? "") ?? 0)
        }
    }
}

/// A flow under way: who asked what, and by which trace the server tells what it did for it.
final class TracedFlow {
    private enum Event {
        case request(Participant, label: String, WebClient.Answer)
        case message(Message)
        /// What Martlet does by itself: the work of that name that comes as the so-and-so many in the log.
        case work(String, number: Int)
    }

    private var events: [Event] = []

    /// What is kept in memory for a while, so that it depends on the moment whether storage is asked for it.
    private static let cached = ["clients.", "resource_servers.", "roles.", "groups.", "keys."]

    /// A request to Martlet that `party` makes.
    func request(_ party: Participant, _ label: String, _ answer: WebClient.Answer) -> WebClient.Answer {
        events.append(.request(party, label: label, answer))
        return answer
    }

    /// What happens outside of Martlet.
    func add(_ message: Message) { events.append(.message(message)) }

    /// Work of a name that Martlet does by itself, the next of it.
    func work(_ name: String) {
        let former = events.count { if case .work(name, _) = $0 { true } else { false } }
        events.append(.work(name, number: former))
    }

    /// Goes on where redirects within Martlet lead.
    func follow(_ client: WebClient, _ answer: WebClient.Answer) async throws -> WebClient.Answer {
        var answer = answer
        while let location = answer.header("location"), location.hasPrefix("/") {
            answer = request(.browser, "GET \(Self.path(location))", try await client.get(location))
        }
        if let location = answer.header("location"), let url = URLComponents(string: location) {
            let names = (url.queryItems ?? []).map(\.name).sorted().joined(separator: ", ")
            events.append(.message(Message(.browser, .application, "GET \(url.path) with \(names)")))
        }
        return answer
    }

    /// The requests that the log does not tell of yet.
    func missing(in log: String) -> [String] {
        let spans = LoggedSpan.read(log)
        let ended = Set(spans.filter(\.isRequest).map(\.trace))
        return events.compactMap { event in
            switch event {
            case .message: nil
            case .request(_, let label, let answer):
                ended.contains(answer.header("X-Request-Id") ?? "") ? nil : "\(label) (\(answer.status))"
            case .work(let name, let number): spans.count { $0.name == name } > number ? nil : name
            }
        }
    }

    func diagram(_ log: String) -> SequenceDiagram {
        let all = LoggedSpan.read(log)
        let spans = Dictionary(grouping: all, by: \.trace)
        var diagram = SequenceDiagram()
        for event in events {
            switch event {
            case .message(let message): diagram.add(message)
            case .request(let party, let label, let answer):
                diagram.add(Message(party, .martlet, label))
                for span in spans[answer.header("X-Request-Id") ?? ""] ?? [] { Self.add(span, to: &diagram) }
                diagram.add(Message(.martlet, party, Self.describe(answer), isAnswer: true))
            case .work(let name, let number):
                let trace = all.filter { $0.name == name }.dropFirst(number).first?.trace
                for span in spans[trace ?? ""] ?? [] where span.name != name { Self.add(span, to: &diagram) }
            }
        }
        return diagram
    }

    private static func add(_ span: LoggedSpan, to diagram: inout SequenceDiagram) {
        if span.isRequest { return diagram.add(microseconds: span.microseconds) }
        if span.name == "smtp.send" { return diagram.add(Message(.martlet, .mail, span.name)) }
        guard let operation = span.operation else { return diagram.add(Message(.martlet, .martlet, span.name)) }
        if !cached.contains(where: operation.hasPrefix) { diagram.add(Message(.martlet, .storage, operation)) }
    }

    private static func describe(_ answer: WebClient.Answer) -> String {
        if let location = answer.header("location") {
            return "\(answer.status) to \(location.hasPrefix("/") ? path(location) : "the application")"
        }
        if answer.body.isEmpty { return "\(answer.status)" }
        if let object = try? json(answer.body) {
            return "\(answer.status) with \(object.keys.sorted().joined(separator: ", "))"
        }
        return "\(answer.status) with a page"
    }

    private static func path(_ location: String) -> String { String(location.prefix { $0 != "?" }) }
}

extension LoggedSpan {
    /// The span of a whole request is named by method and route.
    var isRequest: Bool { name.contains(" /") }
    /// The operation of the storage, if it is one.
    var operation: String? { name.hasPrefix("sql ") ? String(name.dropFirst(4)) : nil }
}
