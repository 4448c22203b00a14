import ArgumentParser
import Authenticators
import Foundation
import IdentityProvider
import JOSE

/// `martlet user`.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "List, add, change and remove users.",
        subcommands: [
            List.self, Add.self, Invite.self, Password.self, Roles.self, Assign.self, Withdraw.self, Disable.self,
            Enable.self, Unlock.self, Remove.self,
        ])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List users by name.")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { _, stores, _ in
                var last: String?
                while case let users = try await stores.users.list(after: last, limit: 500), !users.isEmpty {
                    for user in users {
                        let marks = [user.email ?? "-", user.isDisabled ? "disabled" : "enabled"]
                        Terminal.say(([user.username, user.id.rawValue] + marks).joined(separator: "\t"))
                    }
                    last = users.last?.username
                }
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user. The password is read from standard input.",
            discussion: "Example: martlet user add alice --email alice@example.com < password.txt")
        @Argument(help: "The username.") var username: String
        @Option(help: "The e-mail address.") var email: String?
        @Option(help: "What the person is called.") var displayName: String?
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let password = try SecretInput.read()
            var document: JSONObject = ["username": .string(username), "password": .string(password)]
            document["email"] = email.map(JSON.string)
            document["name"] = displayName.map(JSON.string)
            try await options.administer { administration, _, provider in
                do throws(PasswordRefusal) {
                    _ = try NewPassword(
                        password, names: [username, email, provider.settings.name].compactMap(\.self))
                } catch { throw Mistakes([error.sentence]) }
                do { try await administration.create(UserDocument(document)) } catch is NameTaken {
                    throw Mistakes(["there is a user with this name or address already"])
                } catch let error as InvalidDocument {
                    throw Mistakes(error.problems.map { "\($0.member): \($0.reason)" })
                }
            }
            Terminal.say("Added \(username).")
        }
    }

    struct Password: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set a user's password, read from standard input, and sign them out everywhere.")
        @Argument(help: "The username or e-mail address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let password = try SecretInput.read()
            try await options.administer { administration, stores, provider in
                let user = try await stores.user(username)
                do throws(PasswordRefusal) {
                    _ = try NewPassword(password, for: user, site: provider.settings.name)
                } catch { throw Mistakes([error.sentence]) }
                try await administration.setPassword(password, of: user)
            }
            Terminal.say("Changed.")
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Refuse a user and sign them out everywhere.")
        @Argument(help: "The username or e-mail address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await administration.setDisabled(true, stores.user(username))
            }
            Terminal.say("Disabled.")
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a disabled user sign in again.")
        @Argument(help: "The username or e-mail address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await administration.setDisabled(false, stores.user(username))
            }
            Terminal.say("Enabled.")
        }
    }

    struct Unlock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a user try again who was locked out by wrong passwords or codes.")
        @Argument(help: "The username or e-mail address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                let wasLocked = try await administration.unlock(stores.user(username))
                Terminal.say(wasLocked ? "Unlocked." : "There was nothing to unlock.")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a user with all that is theirs.")
        @Argument(help: "The username or e-mail address.") var username: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer { administration, stores, _ in
                try await administration.remove(stores.user(username))
            }
            Terminal.say("Removed.")
        }
    }
}

extension Stores {
    /// Throws `Mistakes` when there is no such user.
    func user(_ name: String) async throws -> User {
        guard let user = try await users.find(named: name) else { throw Mistakes(["there is no user \(name)"]) }
        return user
    }

    func client(_ id: String) async throws -> Client {
        guard let client = try await clients.find(Identifier(rawValue: id)) else {
            throw Mistakes(["there is no client \(id)"])
        }
        return client
    }
}

extension PasswordRefusal {
    fileprivate var sentence: String {
        switch self {
        case .tooShort, .tooLong: "a password must have 8 to 256 characters"
        case .known: "the password is the user's name or address, or the name of the site"
        case .common: "the password is one that many people have: it would be guessed first"
        }
    }
}

/// A secret from standard input: on the command line others could read it.
enum SecretInput {
    static func read() throws -> String {
        if isatty(STDIN_FILENO) == 1 { Terminal.complain(["Type the password and press return:"]) }
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw ValidationError("The password is read from standard input, and there was none.")
        }
        return line
    }
}
