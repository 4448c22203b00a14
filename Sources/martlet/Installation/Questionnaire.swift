import ArgumentParser
import Glibc

/// Asks questions on the terminal, or reads the answers from standard input, one per line.
struct Questionnaire {
    /// Whether questions that have a default are skipped.
    let acceptsDefaults: Bool
    private let isTerminal = isatty(STDIN_FILENO) == 1

    init(acceptsDefaults: Bool) { self.acceptsDefaults = acceptsDefaults }

    /// Returns a valid answer: the one `given` by a flag, or one that was typed. Asks again after an invalid one. An
    /// empty line, or the end of the input, means `standard`. Throws `Mistakes` if `given` is invalid, and
    /// `ValidationError` if the input ends before a question without a default.
    func ask<Answer>(
        _ question: String, given: (flag: String, text: String?), default standard: String?,
        _ parse: (String) throws(InvalidAnswer) -> Answer
    ) throws -> Answer {
        if let text = given.text {
            do throws(InvalidAnswer) { return try parse(text) } catch {
                throw Mistakes(["\(given.flag): \(error.reason)"])
            }
        }
        if acceptsDefaults, let standard, let answer = try? parse(standard) { return answer }
        while true {
            prompt(standard.map { $0.isEmpty ? question : "\(question) [\($0)]" } ?? question)
            guard let typed = readLine(strippingNewline: true) else {
                if let standard, let answer = try? parse(standard) { return answer }
                throw ValidationError("The input ended before this question. Nothing was written.")
            }
            do throws(InvalidAnswer) { return try parse(typed.isEmpty ? standard ?? "" : typed) } catch {
                Terminal.complain(["  \(error.reason)"])
            }
        }
    }

    /// Reads a new password, typed twice on a terminal. Asks again after an invalid one.
    func password(_ question: String, _ check: (String) throws(InvalidAnswer) -> Void) throws -> String {
        while true {
            let first = try hiddenLine(question)
            do throws(InvalidAnswer) {
                try check(first)
                guard isTerminal else { return first }
            } catch {
                Terminal.complain(["  \(error.reason)"])
                continue
            }
            if try hiddenLine("The same password again") == first { return first }
            Terminal.complain(["  The passwords are different."])
        }
    }

    /// Typed answers follow the question; answers from a pipe are not shown, so the line ends here.
    private func prompt(_ question: String) { Terminal.ask("\(question): " + (isTerminal ? "" : "\n")) }

    private func hiddenLine(_ question: String) throws -> String {
        let line = SecretInput.hidden {
            prompt(question)
            return readLine(strippingNewline: true)
        }
        guard let line else {
            throw ValidationError("The input ended before the password. Nothing was written.")
        }
        return line
    }
}

/// Why an answer is refused, as a sentence.
struct InvalidAnswer: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
