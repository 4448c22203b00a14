import ArgumentParser
import IdentityProvider

extension UserCommand {
    /// `martlet user invite`.
    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Offer somebody an account.",
            discussion: """
                Prints a link with which they make it, good once and for seven days. With --mail a running server sends \
                it to them instead. Needs sign_up to be invitation or open.
                """)
        @Argument(help: "The e-mail address.") var email: String
        @Flag(help: "Send the link by mail.") var mail = false
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let line = try await options.administer { administration, stores, provider in
                guard let address = MailAddress(email) else { throw Mistakes(["\(email) is no e-mail address"]) }
                guard provider.settings.signUp != .off else {
                    throw Mistakes(["sign_up is off: set it to invitation, or nobody could use the link"])
                }
                guard try await stores.users.find(named: address.text) == nil else {
                    throw Mistakes(["there is a user with this name or address already"])
                }
                guard mail else {
                    let link = try provider.invitation(for: address)
                    administration.audit.record(.invitationSent)
                    return link
                }
                guard try Configuration(options.configuration).mail != nil else {
                    throw Mistakes(["mail.smtp is not set: leave --mail out, and hand the link over yourself"])
                }
                try await provider.mail.add(.invitation(address))
                administration.audit.record(.invitationSent)
                return "Invited \(address.text): the mail is sent by a running server."
            }
            Terminal.say(line)
        }
    }
}
