import ArgumentParser
import Foundation
import IdentityProvider
import SQLStorage
import Server

/// Runs a command's work, says what went wrong in sentences, and ends with a code that scripts can use.
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
            Terminal.complain(["error: issuers: two of them want \(error.method) \(error.path): change a path"])
            throw ExitCode(78)
        } catch let error as any KeyProblem {
            Terminal.complain(["error: \(error)"])
            throw ExitCode(78)
        } catch is NotOurs {
            Terminal.complain([
                "error: the master key does not open what is stored: name the file that was used before under "
                    + "master_key_file."
            ])
            throw ExitCode(78)
        }
    }
}

/// What people read on the terminal: answers on standard output, complaints on standard error.
enum Terminal {
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    static func complain(_ lines: [String]) {
        FileHandle.standardError.write(Data((lines.joined(separator: "\n") + "\n").utf8))
    }
}
