import ArgumentParser
import Authenticators
import FoundationEssentials
import Glibc
import IdentityProvider
import JOSE
import SQLStorage

/// `martlet user`.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "List, show, add, invite, change and remove users, and help them sign in.",
        subcommands: [
            List.self, Show.self, Add.self, Invite.self, Password.self, Roles.self, Assign.self, Withdraw.self,
            Disable.self, Enable.self, Unlock.self, Factors.self, RemoveFactor.self, RecoveryCodes.self,
            AccessCode.self, Remove.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List users with their identifier (sub), email address and state.",
            discussion: "Example: martlet user list --output json")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { _, stores, _ in
                var listing = options.output.listing(["username", "sub", "email", "disabled"])
                var last: String?
                while case let users = try await stores.users.list(after: last, limit: 500), !users.isEmpty {
                    listing.add(users.map(\.summary))
                    last = users.last?.username
                }
                listing.end()
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user. Reads the password from standard input.",
            discussion: "Example: martlet user add alice --email alice@example.com < password.txt")
        @Argument(help: "The username.") var username: String
        @Option(help: "The email address.") var email: String?
        @Option(help: "The user's full name.") var displayName: String?
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let password = try SecretInput.read()
            var document: JSONObject = ["username": .string(username), "password": .string(password)]
            document["email"] = email.map(JSON.string)
            document["name"] = displayName.map(JSON.string)
            try await options.administer(.changing) { administration, stores, provider in
                do throws(PasswordRefusal) {
                    _ = try NewPassword(
                        password, names: [username, email, provider.settings.name].compactMap(\.self))
                } catch { throw Mistakes([error.sentence]) }
                do { try await administration.create(UserDocument(document)) } catch is NameTaken {
                    throw Mistakes(["a user with this username or email address already exists"])
                } catch let error as InvalidDocument {
                    throw Mistakes(error.problems.map { "\($0.member): \($0.reason)" })
                }
                options.output.report("added", try await stores.user(username).reference, "Added \(username).")
            }
        }
    }

    struct Password: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set a user's password and sign them out everywhere. Reads the password from standard input.",
            discussion: "Example: martlet user password alice < password.txt")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let password = try SecretInput.read()
            try await options.administer(.changing) { administration, stores, provider in
                let user = try await stores.user(username)
                do throws(PasswordRefusal) {
                    _ = try NewPassword(password, for: user, site: provider.settings.name)
                } catch { throw Mistakes([error.sentence]) }
                try await administration.setPassword(password, of: user)
                options.output.report("password_changed", user.reference, "Changed.")
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disable a user and sign them out everywhere.",
            discussion: """
                Their data, password and other factors stay. `martlet user enable` lets them sign in again.

                martlet user disable alice
                """)
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.changing) { administration, stores, _ in
                let user = try await stores.user(username)
                try await administration.setDisabled(true, user)
                options.output.report("disabled", user.reference, "Disabled.")
            }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enable a disabled user.", discussion: "Example: martlet user enable alice")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.changing) { administration, stores, _ in
                let user = try await stores.user(username)
                try await administration.setDisabled(false, user)
                options.output.report("enabled", user.reference, "Enabled.")
            }
        }
    }

    struct Unlock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Unlock a user who entered too many wrong passwords or codes.",
            discussion: "Example: martlet user unlock alice")
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.changing) { administration, stores, _ in
                let user = try await stores.user(username)
                let wasLocked = try await administration.unlock(user)
                options.output.report(
                    wasLocked ? "unlocked" : "unchanged", user.reference,
                    wasLocked ? "Unlocked." : "The user was not locked out.")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a user and all their data.",
            discussion: """
                Audit records about the user stay until their retention ends. To keep the data but refuse the user, \
                run `martlet user disable`.

                martlet user remove alice
                """)
        @Argument(help: "The username or email address.") var username: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Remove the user \(username) and all their data")
            try await options.administer(.changing, after: change) { administration, stores, _ in
                let user = try await stores.user(username)
                try await administration.remove(user)
                options.output.report("removed", user.reference, "Removed.")
            }
        }
    }
}

extension Stores {
    /// Returns the user with this username or email address. Throws `Mistakes` if there is none.
    func user(_ name: String) async throws -> User {
        guard let user = try await users.find(named: name) else {
            throw Mistakes(["no user named \(name); `martlet user list` shows all users"])
        }
        return user
    }

    /// Returns the client with this `client_id`. Throws `Mistakes` if there is none.
    func client(_ id: String) async throws -> Client {
        guard let client = try await clients.find(Identifier(rawValue: id)) else {
            throw Mistakes(["no client with the client_id \(id); `martlet client list` shows all clients"])
        }
        return client
    }
}

extension User {
    /// Names the user in the JSON output of commands.
    var reference: JSONObject { ["username": .string(username), "sub": .string(id.rawValue)] }

    fileprivate var summary: JSONObject {
        var summary = reference
        summary.merge(["email": .text(email), "disabled": .bool(isDisabled)])
        return summary
    }
}

extension PasswordRefusal {
    var sentence: String {
        switch self {
        case .tooShort, .tooLong: "the password must have 8 to 256 characters"
        case .known: "the password must not be the user's name, their email address, or the name of this site"
        case .common: "the password is too common and easy to guess; choose another one"
        }
    }
}

/// Reads a secret from standard input. Arguments would be visible to other users of the machine.
enum SecretInput {
    static func read() throws -> String {
        let line = hidden {
            if isatty(STDIN_FILENO) == 1 { Terminal.ask("Password: ") }
            return readLine(strippingNewline: true)
        }
        guard let line, !line.isEmpty else {
            throw ValidationError("Provide the password on standard input.")
        }
        return line
    }

    /// Reads with the echo of the terminal turned off.
    static func hidden<Value>(_ read: () -> Value) -> Value {
        guard let echo = TerminalEcho() else { return read() }
        defer { echo.restore() }
        return read()
    }
}
