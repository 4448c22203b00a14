import Foundation
import TestSupport

/// A span in the program's log.
struct LoggedSpan {
    let name: String
    let trace: String
    let microseconds: Int

    /// Returns the spans in lines of the log, in the order in which they ended.
    static func read(_ log: String) -> [LoggedSpan] {
        log.split(separator: "\n").compactMap { line in
            guard line.contains("\"message\":\"span\""), let object = try? json(String(line)),
                let name = object["name"] as? String, let trace = object["trace_id"] as? String
            else { return nil }
            return LoggedSpan(name: name, trace: trace, microseconds: Int(object["microseconds"] as? String ?? "") ?? 0)
        }
    }
}

/// A flow that is being recorded: its requests, and the traces of what the server did for them.
final class TracedFlow {
    private enum Event {
        case request(Participant, label: String, WebClient.Answer)
        case message(Message)
        /// Work that Martlet does by itself: the span of this name at this position in the log.
        case work(String, number: Int)
    }

    private var events: [Event] = []
    /// The issuer of the upstream, if one takes part.
    private let upstream: String?

    init(upstream: String? = nil) { self.upstream = upstream }

    /// Operations with results that are cached for a while, so whether they reach the storage depends on timing.
    private static let cached = [
        "clients.", "resource_servers.", "roles.", "groups.", "keys.", "upstreams.",
    ]
    /// Requests to the upstream with responses that are cached.
    private static let cachedRequests = ["upstream.metadata", "upstream.keys"]

    /// Records a request from `party` to Martlet.
    func request(_ party: Participant, _ label: String, _ answer: WebClient.Answer) -> WebClient.Answer {
        events.append(.request(party, label: label, answer))
        return answer
    }

    /// Records a message that doesn't involve Martlet.
    func add(_ message: Message) { events.append(.message(message)) }

    /// Records the next span of this name, which Martlet does by itself.
    func work(_ name: String) {
        let former = events.count { if case .work(name, _) = $0 { true } else { false } }
        events.append(.work(name, number: former))
    }

    /// Follows redirects within Martlet.
    func follow(_ client: WebClient, _ answer: WebClient.Answer) async throws -> WebClient.Answer {
        var answer = answer
        while let location = answer.header("location"), location.hasPrefix("/") {
            answer = request(.browser, "GET \(Self.path(location))", try await client.get(location))
        }
        if let location = answer.header("location") {
            let party = leadsUpstream(location) ? Participant.upstream : .application
            events.append(.message(Message(.browser, party, Self.describe(location))))
        }
        return answer
    }

    private func leadsUpstream(_ location: String) -> Bool { upstream.map { location.hasPrefix("\($0)/") } ?? false }

    /// Returns a request to `location`, with the names of its parameters.
    static func describe(_ location: String) -> String {
        let url = URLComponents(string: location)
        let names = (url?.queryItems ?? []).map(\.name).sorted().joined(separator: ", ")
        return "GET \(url?.path ?? "")" + (names.isEmpty ? "" : " with \(names)")
    }

    /// The requests that are not in the log yet.
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
                diagram.add(Message(.martlet, party, describe(answer), isAnswer: true))
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
        if span.name == "logout.deliver" {
            diagram.add(Message(.martlet, .application, "POST with logout_token"))
            return diagram.add(Message(.application, .martlet, "200", isAnswer: true))
        }
        if span.name.hasPrefix("upstream.") {
            if !cachedRequests.contains(span.name) { diagram.add(Message(.martlet, .upstream, span.name)) }
            return
        }
        guard let operation = span.operation else { return diagram.add(Message(.martlet, .martlet, span.name)) }
        if !cached.contains(where: operation.hasPrefix) { diagram.add(Message(.martlet, .storage, operation)) }
    }

    private func describe(_ answer: WebClient.Answer) -> String {
        if let location = answer.header("location") {
            let place = leadsUpstream(location) ? "the upstream" : "the application"
            return "\(answer.status) to \(location.hasPrefix("/") ? Self.path(location) : place)"
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
    /// Whether this is the span of a whole request, named by method and route.
    var isRequest: Bool { name.contains(" /") }
    /// The storage operation, if this is one.
    var operation: String? { name.hasPrefix("sql ") ? String(name.dropFirst(4)) : nil }
}
