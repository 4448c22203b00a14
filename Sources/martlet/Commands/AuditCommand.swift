import ArgumentParser
import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage
import Server

/// `martlet audit`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show audit records, and verify that they are intact.",
        subcommands: [Show.self, Verify.self], defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show audit records, oldest first.",
            discussion: """
                Times are dates (2026-11-21), timestamps (2026-11-21T13:00:00Z), or ages (30s, 30m, 12h, 7d).

                The last day of a user:           martlet audit --user alice --since 24h
                Refused sign-ins of last week:    martlet audit --event sign_in_refused --since 7d
                Export everything:                martlet audit --json > audit.jsonl
                """)
        @Option(help: "Only records about this user: a username, email address or user identifier.") var user: String?
        @Option(help: "Only records about this client_id.") var client: String?
        @Option(help: "Only this event, such as sign_in_refused.") var event: String?
        @Option(help: "Only records of this trace: its 32 digits, or at least the first 8.")
        var trace: String?
        @Option(help: "Only records from this time on.") var since: AuditTime?
        @Option(help: "Only records up to this time.") var until: AuditTime?
        @Flag(help: "Print each record as a line of JSON, with its position in the chain and its MAC.") var json = false
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let isExport = json || options.output.format == .json
            let prefix = try await Failure.reported { try trace.map(TracePrefix.parsed) }
            try await options.administer(isExport ? .recordedReading : .reading) { administration, stores, _ in
                var count = 0
                var listing = options.output.listing([
                    "time", "event", "outcome", "actor", "user", "client", "address", "trace", "details",
                ])
                var query = AuditQuery()
                if let user { query.user = try await stores.users.find(named: user)?.id.rawValue ?? user }
                (query.client, query.events) = (client, Set([event].compactMap(\.self)))
                if let prefix { query.trace = try await Self.trace(prefix, in: stores.audit) }
                (query.since, query.until, query.limit) = (since?.date, until?.date, 500)
                while case let page = try await stores.audit.find(query), let last = page.last {
                    if json {
                        for entry in page { Terminal.print(String(decoding: entry.line, as: UTF8.self) + "\n") }
                    } else {
                        listing.add(
                            try page.map { isExport ? try JSONObject(parsing: $0.line) : Self.row($0.record) })
                    }
                    query.after = last
                    count += page.count
                }
                if !json { listing.end() }
                if isExport { administration.audit.record(.exported(.auditRecords, records: count)) }
            }
        }

        /// Returns the trace that begins with the digits. Throws `Mistakes` if several do.
        private static func trace(_ prefix: TracePrefix, in store: any AuditStore) async throws -> String {
            let traces = try await store.traces(beginningWith: prefix.text, limit: TracePrefix.limit)
            guard traces.count < 2 else { throw prefix.ambiguity(traces) }
            return traces.first ?? prefix.text
        }

        private static func row(_ record: AuditRecord) -> JSONObject {
            var row = record.document
            row["time"] = .string(record.time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            return row
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find audit records that were changed, removed or moved.",
            discussion: """
                Exits with 1 if it finds any. To also detect that the whole log was rolled back, save the head of each \
                chain with --heads-to, keep the file where nobody with write access to the database can change it, and \
                pass it to the next run with --heads.

                martlet audit verify --heads heads.jsonl --heads-to new-heads.jsonl
                """)
        @Option(help: "The file of chain heads saved by an earlier run.") var heads: String?
        @Option(help: "The file to write the current chain heads to.") var headsTo: String?
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let expected = try await Failure.reported { try heads.map(AuditHeads.read) ?? [] }
            let report = try await options.administer(.reading) { administration, stores, _ in
                let log = administration.audit
                return try await AuditSealer(log.vault).verify(
                    stores.audit, expecting: expected, retention: log.settings.retention)
            }
            let sentences = report.findings.map(\.sentence)
            let summary =
                "\(report.records) records in \(report.heads.count) chains: "
                + (sentences.isEmpty ? "no problems found." : "\(sentences.count) problems found.")
            options.output.report(
                sentences.isEmpty ? "intact" : "changed",
                [
                    "records": .integer(report.records), "chains": .integer(report.heads.count),
                    "findings": .strings(sentences),
                ], (sentences + [summary]).joined(separator: "\n"))
            if let headsTo { try await Failure.reported { try AuditHeads.write(report.heads, to: headsTo) } }
            if !report.findings.isEmpty { throw ExitCode(1) }
        }
    }
}

/// `martlet explain`.
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain why a request was allowed or refused, rule by rule.",
        discussion: """
            The trace is in the X-Request-Id header field of every response, on error pages, and in every log line.

            Its first eight digits, which text logs show, are enough.

            martlet explain 2b67e5043ff9105e0ebc7ca35778c6e1
            martlet explain 2b67e504
            """)
    @Argument(help: "The trace: 32 hexadecimal digits, or at least the first 8.") var trace: String
    @OptionGroup var options: IssuerOptions

    func run() async throws {
        let prefix = try await Failure.reported { try TracePrefix.parsed(trace) }
        let records = try await options.administer(.reading) { _, stores, _ in
            let traces = try await stores.audit.records(ofTracesWith: prefix)
            guard traces.count < 2 else { throw prefix.ambiguity(traces.compactMap(\.first).map(Self.line)) }
            guard let records = traces.first else { throw Mistakes([Self.nothing(prefix)]) }
            return records
        }
        let sentences = AuditExplanation.sentences(of: records)
        let whole = records.first?.trace ?? prefix.text
        options.output.report(
            "explained", ["trace": .string(whole), "sentences": .strings(sentences)],
            sentences.joined(separator: "\n"))
    }

    private static func nothing(_ prefix: TracePrefix) -> String {
        """
        no audit records for the trace \(prefix.text). Rate limits, unknown paths and requests that only read appear \
        in the server log only. Of the client_credentials tokens of one minute, the first and the last keep their trace \
        (audit.machine_tokens: each keeps all of them)
        """
    }

    private static func line(_ record: AuditRecord) -> String {
        let time = record.time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        return "\(record.trace ?? "-")  \(time)  \(record.event)  client=\(record.client ?? "-")"
    }
}

extension TracePrefix {
    fileprivate static func parsed(_ text: String) throws(Mistakes) -> TracePrefix {
        do throws(InvalidValue) { return try TracePrefix(text) } catch {
            throw Mistakes(["\(text): \(error.reason)"])
        }
    }

    /// `traces` has a line for each trace that was found.
    func ambiguity(_ traces: [String]) -> Mistakes {
        let count = traces.count < Self.limit ? "\(traces.count)" : "\(traces.count) or more"
        let lines = ["\(count) traces begin with \(text); name one of them, or more digits:"] + traces
        return Mistakes([lines.joined(separator: "\n  ")])
    }
}

/// A point in time on the command line: a date, an ISO 8601 timestamp, or an age such as `12h`.
struct AuditTime: ExpressibleByArgument {
    let date: Date

    init?(argument: String) {
        let units: [Character: TimeInterval] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        if let unit = argument.last.flatMap({ units[$0] }), let count = UInt32(argument.dropLast()) {
            date = Date().addingTimeInterval(-TimeInterval(count) * unit)
        } else if let day = try? Date(argument, strategy: Date.ISO8601FormatStyle().year().month().day()),
            argument.count == 10
        {
            date = day
        } else if let moment = try? Date(argument, strategy: .iso8601) {
            date = moment
        } else {
            return nil
        }
    }
}

/// A file of chain heads in JSON Lines.
enum AuditHeads {
    static func read(_ path: String) throws(Mistakes) -> [AuditWitness] {
        guard let data = try? Data(contentsOf: URL(filePath: path)), let text = String(validating: data, as: UTF8.self)
        else { throw Mistakes(["\(path): cannot be read; check that it exists and that this user may read it"]) }
        var heads: [AuditWitness] = []
        for line in text.split(whereSeparator: \.isNewline) {
            guard let json = try? JSON(parsing: Array(line.utf8)), let head = AuditWitness(json) else {
                throw Mistakes(["\(path): not a file written by --heads-to"])
            }
            heads.append(head)
        }
        return heads
    }

    static func write(_ heads: [AuditHead], to path: String) throws(Mistakes) {
        let lines = heads.map { head in
            AuditWitness(node: head.node, sequence: head.sequence, mac: head.mac).json.serialized() + [0x0A]
        }
        do { try Data(lines.joined()).write(to: URL(filePath: path)) } catch {
            throw Mistakes([
                "\(path): cannot be written; check that its folder exists and that this user may write to it"
            ])
        }
    }
}

extension AuditFinding {
    var sentence: String {
        switch self {
        case .changed(let place): "Record \(place.sequence) of chain \(place.node) was changed."
        case .columnsChanged(let place):
            "The columns of record \(place.sequence) of chain \(place.node) don't match its text, which is intact."
        case .removed(let place, let last):
            "Records \(place.sequence) to \(last) of chain \(place.node) were removed."
        case .cutOff(let place, let last):
            "The end of chain \(place.node) was removed: records \(place.sequence) to \(last)."
        case .headChanged(let node): "The head of chain \(node) was changed or removed."
        case .removalForged(let node):
            "The entry saying that the start of chain \(node) expired was not written by Martlet."
        case .removedTooEarly(let node, let time):
            """
            The start of chain \(node) was removed up to \(time.formatted(.iso8601)), which audit.retention doesn't \
            allow yet. If you raised audit.retention since, this is expected.
            """
        case .formerKey(let place):
            "Record \(place.sequence) of chain \(place.node) was sealed with an audit key that was already replaced."
        case .shorterThanWitnessed(let witness, let source):
            "Chain \(witness.node) ends before record \(witness.sequence), which \(source) proves existed."
        case .chainRemoved(let witness, let source):
            "Chain \(witness.node) was removed; \(source) proves that it existed."
        }
    }
}
