import ArgumentParser
import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage
import Server

/// `martlet audit`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show what was recorded, and verify that nobody changed it.",
        subcommands: [Show.self, Verify.self], defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show records by time.",
            discussion: """
                Times are 2026-11-21, 2026-11-21T13:00:00Z, or as long ago as 30m, 12h or 7d. To export, add --json and \
                write the output to a file: a line of JSON a record, with its place in the chain and its MAC.
                """)
        @Option(help: "For whom: a username, an address or a user's identifier.") var user: String?
        @Option(help: "With which client_id.") var client: String?
        @Option(help: "Which event, such as sign_in_refused.") var event: String?
        @Option(help: "Of which trace.") var trace: String?
        @Option(help: "From when on.") var since: AuditTime?
        @Option(help: "Until when.") var until: AuditTime?
        @Flag(help: "A line of JSON for each record.") var json = false
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                var count = 0
                var query = AuditQuery()
                if let user { query.user = try await stores.users.find(named: user)?.id.rawValue ?? user }
                (query.client, query.events, query.trace) = (client, Set([event].compactMap(\.self)), trace)
                (query.since, query.until, query.limit) = (since?.date, until?.date, 500)
                while case let page = try await stores.audit.find(query), let last = page.last {
                    for entry in page {
                        Terminal.say(json ? String(decoding: entry.line, as: UTF8.self) : Self.line(entry.record))
                    }
                    query.after = last
                    count += page.count
                }
                if json { administration.audit.record(.exported(.auditRecords, records: count)) }
            }
        }

        private static func line(_ record: AuditRecord) -> String {
            let details = record.details.isEmpty ? "-" : String(decoding: record.details.serialized(), as: UTF8.self)
            return [
                record.time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)), record.event,
                record.outcome.rawValue, record.actor, "user=\(record.user ?? "-")",
                "client=\(record.client ?? "-")", "from=\(record.address ?? "-")", details,
                "trace=\(record.trace ?? "-")",
            ].joined(separator: "\t")
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find records that were changed, removed or moved.",
            discussion: """
                Ends with code 1 when something is found. Prints the head of each chain with --heads-to FILE for the next \
                time: kept where nobody who can write to the database can change it, and named with --heads FILE, it \
                shows also that the whole log was set back.
                """)
        @Option(help: "Heads that were kept from an earlier time.") var heads: String?
        @Option(help: "A file to write the heads to.") var headsTo: String?
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let expected = try await Failure.reported { try heads.map(AuditHeads.read) ?? [] }
            let report = try await options.administer { administration, stores, _ in
                let log = administration.audit
                return try await AuditSealer(log.vault).verify(
                    stores.audit, expecting: expected, retention: log.settings.retention)
            }
            for finding in report.findings { Terminal.say(finding.sentence) }
            Terminal.say(
                "\(report.records) records in \(report.heads.count) chains: "
                    + (report.findings.isEmpty ? "nothing found." : "\(report.findings.count) findings."))
            if let headsTo { try await Failure.reported { try AuditHeads.write(report.heads, to: headsTo) } }
            if !report.findings.isEmpty { throw ExitCode(1) }
        }
    }
}

/// `martlet explain`.
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell why a request was allowed or refused, rule by rule.",
        discussion: "The trace stands in the X-Request-Id field of each answer, on error pages, and in each log line.")
    @Argument(help: "The trace: 32 hexadecimal digits.") var trace: String
    @OptionGroup var options: IssuerOptions

    func run() async throws {
        let sentences = try await options.administer { _, stores, _ in
            var query = AuditQuery()
            (query.trace, query.limit) = (trace, 1_000)
            let sentences = AuditExplanation.sentences(of: try await stores.audit.find(query).map(\.record))
            guard !sentences.isEmpty else { throw Mistakes(["nothing is recorded of the trace \(trace)"]) }
            return sentences
        }
        for sentence in sentences { Terminal.say(sentence) }
    }
}

/// A moment, as people write it.
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

/// Heads of chains in a file, a line of JSON each.
enum AuditHeads {
    static func read(_ path: String) throws(Mistakes) -> [AuditWitness] {
        guard let data = try? Data(contentsOf: URL(filePath: path)), let text = String(validating: data, as: UTF8.self)
        else { throw Mistakes(["\(path): cannot be read"]) }
        var heads: [AuditWitness] = []
        for line in text.split(whereSeparator: \.isNewline) {
            guard let json = try? JSON(parsing: Array(line.utf8)), let head = AuditWitness(json) else {
                throw Mistakes(["\(path): holds a line that is no head of a chain"])
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
            throw Mistakes(["\(path): cannot be written"])
        }
    }
}

extension AuditFinding {
    var sentence: String {
        switch self {
        case .changed(let place): "Record \(place.sequence) of chain \(place.node) is not the one that was written."
        case .columnsChanged(let place):
            "The columns of record \(place.sequence) of chain \(place.node) were changed; its text was not."
        case .removed(let place, let last):
            "Records \(place.sequence) to \(last) of chain \(place.node) were removed."
        case .cutOff(let place, let last):
            "The end of chain \(place.node) was cut off: records \(place.sequence) to \(last)."
        case .headChanged(let node): "The head of chain \(node) was changed or removed."
        case .removalForged(let node):
            "What says that the beginning of chain \(node) was removed for its age was not written by Martlet."
        case .removedTooEarly(let node, let time):
            """
            The beginning of chain \(node) was removed up to \(time.formatted(.iso8601)), which is younger than \
            audit.retention, unless that was raised since.
            """
        case .formerKey(let place):
            "Record \(place.sequence) of chain \(place.node) was sealed with an audit key that had been replaced by then."
        case .shorterThanWitnessed(let witness, let source):
            "Chain \(witness.node) ends before record \(witness.sequence), which \(source) bears witness to."
        case .chainRemoved(let witness, let source):
            "Chain \(witness.node) was removed; \(source) bears witness to it."
        }
    }
}
