import Glibc

/// The echo of the terminal, turned off while a secret is typed. Ctrl-C turns it on again before it ends the program.
struct TerminalEcho {
    /// A signal handler has no other way to reach the settings. Set before the handler is installed.
    private nonisolated(unsafe) static var former = termios()

    /// Turns the echo off. Returns `nil` if standard input is not a terminal.
    init?() {
        guard unsafe tcgetattr(STDIN_FILENO, &Self.former) == 0 else { return nil }
        var silent = unsafe Self.former
        silent.c_lflag &= ~tcflag_t(ECHO)
        // Both functions that the handler calls are async-signal-safe (POSIX.1-2017, System Interfaces §2.4.3).
        signal(SIGINT) { number in
            unsafe tcsetattr(STDIN_FILENO, TCSANOW, &TerminalEcho.former)
            signal(number, SIG_DFL)
            raise(number)
        }
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    }

    func restore() {
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &Self.former)
        signal(SIGINT, SIG_DFL)
        Terminal.ask("\n")
    }
}
