import FoundationEssentials
import JOSE

/// How tokens are recorded that clients get for themselves (RFC 6749 §4.4).
package enum MachineTokenRecording: String, Sendable, CaseIterable {
    /// The first of each minute at once, and the others counted in one record.
    case perMinute = "per_minute"
    case each = "each"
}

/// Tokens issued in one minute after the first one of the same client, address, scope and audience.
package struct FurtherTokens: Sendable, Hashable {
    let count: Int
    /// When the minute began.
    let minute: Date
    /// The trace of the minute's first token, which has its own record. The trace of the record is that of the last.
    let firstTrace: String?

    var details: JSONObject {
        var details: JSONObject = [
            "count": .integer(count), "minute": .string(minute.formatted(.iso8601)),
        ]
        details["first_trace"] = firstTrace.map(JSON.string)
        return details
    }
}

extension AuditRecord {
    /// The number of events that the record stands for.
    var eventCount: Int { event == "tokens_issued" ? details["count"]?.integer ?? 1 : 1 }
}

/// Counts the tokens that clients get for themselves, minute by minute. One program can get thousands a second, and a
/// record of each would tell nothing more.
struct MachineTokens {
    /// What tokens must have in common to be counted together.
    struct Kind: Hashable {
        let client: Identifier<Client>
        let address: String?
        let scope: Scope
        let audience: [String]

        /// Returns `nil` for other events, and for tokens issued on behalf of a user.
        init?(_ event: AuditEvent, of client: Identifier<Client>?) {
            guard let client, case .tokensIssued(.clientCredentials, let scope, let audience, nil) = event else {
                return nil
            }
            self.client = client
            self.scope = scope
            self.audience = audience
            address = RequestContext.current.address
        }
    }

    private struct Tally {
        let firstTrace: String?
        var count = 0
        var last: RequestContext
        var lastAt: Date
    }

    /// The number of the minute being counted, since 1970.
    private var minute = 0
    private var tallies: [Kind: Tally] = [:]

    /// The kinds that are counted in one minute. Tokens of further kinds are recorded each.
    static let capacity = 1_024

    /// Returns whether the token was counted. Otherwise it is to be recorded: it is the first of its kind in this minute.
    /// Takes no token of a new minute before `end` has returned the records of the last one.
    mutating func count(_ kind: Kind, in context: RequestContext, at time: Date) -> Bool {
        guard tallies[kind] == nil else {
            tallies[kind]?.count += 1
            tallies[kind]?.last = context
            tallies[kind]?.lastAt = time
            return true
        }
        if tallies.count < Self.capacity {
            tallies[kind] = Tally(firstTrace: context.trace, last: context, lastAt: time)
        }
        return false
    }

    /// Returns the records of the minute being counted, if it is over at `time`.
    mutating func end(at time: Date) -> [AuditRecord] {
        let minute = Int((time.timeIntervalSince1970 / 60).rounded(.down))
        // Of concurrent calls, one may still come with the time of the last minute. A clock that was set back starts over.
        guard minute > self.minute || minute < self.minute - 1 else { return [] }
        defer { self.minute = minute }
        return endNow()
    }

    /// Returns the records of the minute being counted. The next token of each kind is its first again.
    mutating func endNow() -> [AuditRecord] {
        defer { tallies.removeAll(keepingCapacity: true) }
        let began = Date(timeIntervalSince1970: TimeInterval(minute) * 60)
        return tallies.filter { $0.value.count > 0 }.sorted { $0.value.lastAt < $1.value.lastAt }.map { kind, tally in
            let further = FurtherTokens(count: tally.count, minute: began, firstTrace: tally.firstTrace)
            return AuditRecord(
                .tokensIssued(
                    grant: .clientCredentials, scope: kind.scope, audience: kind.audience, further: further),
                user: nil, client: kind.client, session: nil, by: .client(kind.client), in: tally.last,
                at: tally.lastAt)
        }
    }
}
