import ArgumentParser
import Glibc

/// The flag of commands that destroy something. They ask on a terminal, and need `--yes` where nobody can answer.
struct ConfirmationOptions: ParsableArguments {
    @Flag(help: "Don't ask for confirmation. Required without a terminal, as in scripts.") var yes = false

    /// Returns the question to ask before the command changes anything.
    func before(_ change: String) -> Confirmation { Confirmation(isGiven: yes, change: change) }
}

/// A change to confirm, such as "Remove the user alice and all their data".
struct Confirmation {
    let isGiven: Bool
    let change: String

    /// Returns if the change is confirmed. Throws `ValidationError` (exit code 64) if nobody can be asked, and
    /// `ExitCode(1)` if the answer is no.
    func require() throws {
        guard !isGiven else { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw ValidationError("\(change)? There is no terminal to ask on. Add --yes to confirm.")
        }
        Terminal.ask("\(change)? [y/N] ")
        guard let answer = readLine()?.lowercased(), ["y", "yes"].contains(answer) else {
            Terminal.complain(["Nothing was changed."])
            throw ExitCode(1)
        }
    }
}
