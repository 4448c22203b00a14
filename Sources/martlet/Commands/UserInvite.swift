import ArgumentParser
import IdentityProvider
import JOSE
import SQLStorage

extension UserCommand {
    /// `martlet user invite`.
    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Invite someone to create an account.",
            discussion: """
                Prints an invitation link, which works once and expires after seven days. With --mail, a running \
                server emails the link instead. Requires sign_up to be invitation or open.

                martlet user invite alice@example.com --mail
                """)
        @Argument(help: "The email address.") var email: String
        @Flag(help: "Email the link instead of printing it.") var mail = false
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.changing) { administration, stores, provider in
                guard let address = MailAddress(email) else {
                    throw Mistakes(["\(email) is not a valid email address"])
                }
                guard provider.settings.signUp != .off else {
                    throw Mistakes(["sign_up is off, so the link would not work; set sign_up to invitation or open"])
                }
                guard try await stores.users.find(named: address.text) == nil else {
                    throw Mistakes(["a user with this username or email address already exists"])
                }
                guard mail else {
                    let link = try provider.invitation(for: address)
                    administration.audit.record(.invitationSent)
                    return options.output.report(
                        "invited", ["email": .string(address.text), "link": .string(link)], link)
                }
                guard try Configuration(options.configuration).mail != nil else {
                    throw Mistakes(["mail.smtp is not set; set it, or leave out --mail and send the link yourself"])
                }
                try await provider.mail.add(.invitation(address))
                administration.audit.record(.invitationSent)
                options.output.report(
                    "invited", ["email": .string(address.text)],
                    "Invited \(address.text). A running server sends the email.")
            }
        }
    }
}
