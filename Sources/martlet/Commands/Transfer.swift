import ArgumentParser
import Foundation
import IdentityProvider
import SQLStorage

/// `martlet export`.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write all that is stored into one file.",
        discussion: """
            The file (JSON Lines) is what `martlet import` takes into another database: from SQLite to MariaDB, and back. \
            It holds all issuers as they were at one moment; a server may go on meanwhile, but what it stores after \
            that moment is not in the file. Private keys and secrets stay sealed under the master key, which is not in \
            the file; digests of passwords are in it: keep it as you keep a backup.
            """)

    @Argument(help: "The file to make; it must not be there yet.") var file: String
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let count = try await Failure.reported {
            try await Composition(try Configuration(options), makesMasterKey: false).run { composition in
                let output = try TransferOutput(file)
                let count = try await composition.storage.export(
                    masterKeys: composition.masterKeys.names, to: output.write)
                try output.finish()
                for issuer in composition.configuration.issuers {
                    try composition.auditLog(issuer).record(.exported(.everything, records: count))
                }
                return count
            }
        }
        Terminal.say("\(count) rows exported to \(file).")
    }
}

/// `martlet import`.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take what `martlet export` wrote into an empty database.",
        discussion: """
            Whole or not at all. The database may be new: its schema is made. The master key must be the one that was \
            used where the export was made. Stop the old server before the export if nothing that it still stores may \
            be lost.
            """)

    @Argument(help: "The file that `martlet export` wrote.") var file: String
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let count = try await Failure.reported {
            let configuration = try Configuration(options)
            let input = try TransferInput(file)
            let composition = try Composition(configuration, makesMasterKey: false)
            let count = try await composition.storage.import(
                masterKeys: composition.masterKeys.names, from: input.next)
            await composition.storage.close()
            return count
        }
        Terminal.say("\(count) rows imported.")
    }
}

/// Tells how far long work has come, on standard error.
private struct Progress {
    private var lines = 0

    mutating func step() {
        lines += 1
        if lines % 50_000 == 0 { Terminal.complain(["\(lines) lines"]) }
    }
}

/// The file of an export. Used by one thread.
private final class TransferOutput: @unchecked Sendable {
    private let path: String
    private let file: PrivateFile
    private var buffer: [UInt8] = []
    private var progress = Progress()

    init(_ path: String) throws(Mistakes) {
        self.path = path
        // Said before the work; `finish` decides.
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
        Mistakes(["\(path): is there already: name another file"])
    }
}

/// The lines of a file. Used by one thread.
private final class TransferInput: @unchecked Sendable {
    private let file: FileHandle
    private var buffer: [UInt8] = []
    private var position = 0
    private var progress = Progress()

    init(_ path: String) throws(Mistakes) {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw Mistakes(["\(path): cannot be read: check that it exists and that this user may read it"])
        }
        self.file = file
    }

    func next() throws -> [UInt8]? {
        while true {
            if let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                progress.step()
                return Array(buffer[position..<end])
            }
            buffer.removeFirst(position)
            position = 0
            guard let more = try file.read(upToCount: 1 << 18), !more.isEmpty else {
                guard !buffer.isEmpty else { return nil }
                defer { buffer = [] }
                return buffer
            }
            buffer += more
        }
    }
}
