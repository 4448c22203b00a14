package import FoundationEssentials
package import JOSE

/// One event and its circumstances: who did it, to whom, from where, with what, how it ended, and why.
package struct AuditRecord: Sendable, Hashable {
    /// Accurate to the millisecond.
    package var time: Date
    package let event: String
    package let outcome: AuditOutcome
    /// `visitor`, `system`, `user`, `client` or `command line`. A space and a name follow the last three.
    package let actor: String
    package let user: String?
    package let client: String?
    package let session: String?
    package let factor: String?
    package let address: String?
    package let userAgent: String?
    package let trace: String?
    package let details: JSONObject
    /// The decisions made so far in the request, as sentences.
    package let notes: [String]
}

extension AuditRecord {
    init(
        _ event: AuditEvent, user: Identifier<User>?, client: Identifier<Client>?, session: Identifier<Session>?,
        by actor: AuditActor?, in context: RequestContext, at time: Date
    ) {
        let fields = event.fields
        let client = client ?? context.decision.client
        let session = session ?? context.decision.session
        self.init(
            time: time, event: fields.name.rawValue, outcome: fields.outcome,
            actor: (actor ?? context.actor ?? Self.actor(of: fields, user, client)).text, user: user?.rawValue,
            client: client?.rawValue, session: session?.rawValue, factor: fields.factor?.rawValue,
            address: context.address, userAgent: context.userAgent, trace: context.trace, details: fields.details,
            notes: context.decision.notes)
    }

    /// A visitor unless the event is a success: a refused actor has not proved their identity.
    private static func actor(
        of fields: AuditEvent.Fields, _ user: Identifier<User>?, _ client: Identifier<Client>?
    ) -> AuditActor {
        guard fields.outcome == .success else { return .visitor }
        return user.map(AuditActor.user) ?? client.map(AuditActor.client) ?? .system
    }
}

extension AuditRecord {
    /// The record as stored, exported and sealed. Unknown values are omitted.
    package var document: JSONObject {
        var document: JSONObject = [
            "time": .integer(Int((time.timeIntervalSince1970 * 1_000).rounded())), "event": .string(event),
            "outcome": .string(outcome.rawValue), "actor": .string(actor),
        ]
        let optional = [
            ("user", user), ("client", client), ("session", session), ("factor", factor), ("address", address),
            ("user_agent", userAgent), ("trace", trace),
        ]
        for (name, value) in optional { document[name] = value.map(JSON.string) }
        if !details.isEmpty { document["details"] = .object(details) }
        if !notes.isEmpty { document["notes"] = .array(notes.map(JSON.string)) }
        return document
    }

    /// Parses what `document` returns; `nil` if a required member is missing.
    package init?(document: JSONObject) {
        guard let time = document["time"]?.integer, let event = document["event"]?.string,
            let outcome = document["outcome"]?.string.flatMap(AuditOutcome.init), let actor = document["actor"]?.string
        else { return nil }
        self.init(
            time: Date(timeIntervalSince1970: TimeInterval(time) / 1_000), event: event, outcome: outcome,
            actor: actor, user: document["user"]?.string, client: document["client"]?.string,
            session: document["session"]?.string, factor: document["factor"]?.string,
            address: document["address"]?.string, userAgent: document["user_agent"]?.string,
            trace: document["trace"]?.string, details: document["details"]?.object ?? [:],
            notes: document["notes"]?.array?.compactMap(\.string) ?? [])
    }
}

extension AuditActor {
    var text: String {
        switch self {
        case .visitor: "visitor"
        case .user(let id): "user \(id)"
        case .client(let id): "client \(id)"
        case .commandLine(let account): "command line \(account)"
        case .system: "system"
        }
    }
}
