import ArgumentParser
import FoundationEssentials
import IdentityProvider
import JOSE
import SQLStorage

/// `martlet export`.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Export the whole database to one file.",
        discussion: """
            Use `martlet import` to load the file (JSON Lines) into another database, for example to move from SQLite \
            to MariaDB. The file is a consistent snapshot of all issuers. The server may keep running, but later \
            changes are not in the file. Private keys and secrets stay sealed under the master key, which is not in \
            the file. Password hashes are, so protect the file like a backup.

            martlet export all.jsonl
            martlet import all.jsonl --storage-file /etc/martlet/storage
            """)

    @Argument(help: "The file to create. It must not exist yet.") var file: String
    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let count = try await Failure.reported {
            let configuration = try Configuration(options)
            try configuration.announce()
            return try await Composition.open(configuration, for: .recordedReading).run { composition in
                try await composition.prepare()
                try await composition.requireKnown(configuration.issuers[0])
                let destination = try TransferOutput(file)
                let count = try await composition.storage.export(
                    masterKeys: composition.masterKeys.names, to: destination.write)
                try destination.finish()
                for issuer in try await composition.knownIssuers() {
                    try composition.auditLog(issuer).record(.exported(.everything, records: count))
                }
                return count
            }
        }
        output.report(
            "exported", ["rows": .integer(count), "file": .string(file)], "\(count) rows exported to \(file).")
    }
}

/// `martlet import`.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Import a file written by `martlet export` into an empty database.",
        discussion: """
            Imports everything or nothing, and creates the schema if needed. The master key must be the one that the \
            exported database used. To lose no changes, stop the old server before you export.

            martlet import all.jsonl --storage-file /etc/martlet/storage
            """)

    @Argument(help: "The file written by `martlet export`.") var file: String
    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let count = try await Failure.reported {
            let configuration = try Configuration(options)
            let input = try TransferInput(file)
            try configuration.announce()
            let composition = try await Composition.open(configuration, for: .creating, makesMasterKey: false)
            let count = try await composition.storage.import(
                masterKeys: composition.masterKeys.names, from: input.next)
            await composition.storage.close()
            return count
        }
        output.report("imported", ["rows": .integer(count), "file": .string(file)], "\(count) rows imported.")
    }
}

/// Reports progress on standard error, every 50,000 lines.
private struct Progress {
    private var lines = 0

    mutating func step() {
        lines += 1
        if lines % 50_000 == 0 { Terminal.complain(["\(lines) lines"]) }
    }
}

/// The output file of an export. Not safe to share between threads.
private final class TransferOutput: @unchecked Sendable {
    private let path: String
    private let file: PrivateFile
    private var buffer: [UInt8] = []
    private var progress = Progress()

    init(_ path: String) throws(Mistakes) {
        self.path = path
        // Fails early; `finish` checks again atomically.
        guard !FileManager.default.fileExists(atPath: path) else { throw Self.taken(path) }
        file = try PrivateFile(path)
    }

    func write(_ line: [UInt8]) throws(Mistakes) {
        buffer += line
        progress.step()
        if buffer.count > 1 << 16 { try flush() }
    }

    private func flush() throws(Mistakes) {
        try file.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    func finish() throws(Mistakes) {
        try flush()
        guard try file.publish() else { throw Self.taken(path) }
    }

    private static func taken(_ path: String) -> Mistakes {
        Mistakes(["\(path): already exists; choose another file"])
    }
}

/// A reader of a file's lines. Not safe to share between threads.
private final class TransferInput: @unchecked Sendable {
    private let path: String
    private let file: InputFile
    private var buffer: [UInt8] = []
    private var position = 0
    private var progress = Progress()

    init(_ path: String) throws(Mistakes) {
        guard let file = InputFile(path) else { throw Self.unreadable(path) }
        self.path = path
        self.file = file
    }

    func next() throws(Mistakes) -> [UInt8]? {
        while true {
            if let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                progress.step()
                return Array(buffer[position..<end])
            }
            buffer.removeFirst(position)
            position = 0
            guard let more = file.read(1 << 18) else { throw Self.unreadable(path) }
            guard !more.isEmpty else {
                guard !buffer.isEmpty else { return nil }
                defer { buffer = [] }
                return buffer
            }
            buffer += more
        }
    }

    private static func unreadable(_ path: String) -> Mistakes {
        Mistakes(["\(path): cannot be read; check that it exists and that this user may read it"])
    }
}
