import ArgumentParser
import Glibc
import IdentityProvider
import SQLStorage
import Server

/// Runs a command's work, prints errors for operators, and exits with a code that scripts can rely on.
enum Failure {
    static func reported<Result>(_ work: () async throws -> Result) async throws -> Result {
        do { return try await work() } catch let mistakes as Mistakes {
            Terminal.complain(mistakes.lines.map { "error: \($0)" })
            throw ExitCode(78)
        } catch let error as StorageError {
            Terminal.complain(["error: \(error)"])
            throw ExitCode(69)
        } catch let error as TransferError {
            Terminal.complain(["error: \(error)"])
            throw ExitCode(65)
        } catch let error as InvalidTemplate {
            Terminal.complain(["error: templates: \(error.file): \(error.reason)"])
            throw ExitCode(78)
        } catch let error as InvalidCertificate {
            Terminal.complain(["error: tls: \(error.file): \(error.reason)"])
            throw ExitCode(78)
        } catch let error as ConflictingRoutes {
            Terminal.complain([
                "error: issuers: two issuers both serve \(error.method) \(error.path); give one of them another path"
            ])
            throw ExitCode(78)
        } catch let error as any KeyProblem {
            Terminal.complain(["error: \(error)"])
            throw ExitCode(78)
        } catch is NotOurs {
            Terminal.complain([
                "error: the master key does not open the stored data: set master_key_file to the file that this "
                    + "database uses"
            ])
            throw ExitCode(78)
        }
    }
}

/// Text output for users: results on standard output, errors and notes on standard error.
enum Terminal {
    static func say(_ text: String) { print(safe(text) + "\n") }

    /// The lines and columns of `text`, without characters that control the terminal.
    private static func safe(_ text: String) -> String { text.printable(keeping: ["\n", "\t"]) }

    /// Writes `text` as it is, for programs.
    static func print(_ text: String) {
        guard !Descriptor.write(Array(text.utf8), to: STDOUT_FILENO) else { return }
        // What could not be printed may be a secret that is shown once.
        complain(["error: cannot write to standard output"])
        exit(1)
    }

    /// Writes a question to standard error, without a line break.
    static func ask(_ question: String) { _ = Descriptor.write(Array(safe(question).utf8), to: STDERR_FILENO) }

    static func complain(_ lines: [String]) {
        _ = Descriptor.write(Array(safe(lines.joined(separator: "\n") + "\n").utf8), to: STDERR_FILENO)
    }
}
