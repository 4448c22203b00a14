import ArgumentParser
import Authenticators
import FoundationEssentials
import Glibc
import IdentityProvider
import Outbound
import Server

/// `martlet init`.
struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a few questions and write a configuration and a systemd unit.",
        discussion: """
            Writes martlet.yaml, resources.yaml, the master key and martlet.service to FOLDER and checks them. Existing \
            files are never changed. A question whose answer is given by a flag is not asked; with --yes, neither is \
            one that has a default. Without a terminal, answers are read from standard input, one per line.

            On a server:                   martlet init /etc/martlet
            Without questions:             martlet init /etc/martlet --yes --issuer https://id.example.com
            """)

    @Argument(help: "The folder for the files.") var folder = "."
    @Option(help: "The public address, such as https://id.example.com.") var issuer: String?
    @Option(help: "The name shown on pages and in email.") var name: String?
    @Option(help: "The database: sqlite:FILE or mariadb://USER:PASSWORD@HOST/DATABASE.") var storage: String?
    @Option(help: "A file with the database, to keep its password off the command line.") var storageFile: String?
    @Option(help: "The certificate chain (PEM), if Martlet terminates TLS itself.") var tlsCertificate: String?
    @Option(help: "The private key of the certificate (PEM).") var tlsKey: String?
    @Option(help: "The networks of the reverse proxy that terminates TLS; separated by commas.") var trustedProxies:
        String?
    @Option(help: "The address to listen on: HOST:PORT or unix:PATH.") var listen: String?
    @Option(help: "The mail server, such as smtp://USER:PASSWORD@mail.example.com:587; empty for none.") var mailSmtp:
        String?
    @Option(help: "A file with the mail server, to keep its password off the command line.") var mailSmtpFile: String?
    @Option(help: "The sender of email: ADDRESS or NAME <ADDRESS>.") var mailFrom: String?
    @Option(help: "The username of the first user; empty for none.") var username: String?
    @Option(help: "The email address of the first user; empty for none.") var email: String?
    @Flag(help: "Accept the default of every question that has one.") var yes = false

    func run() async throws {
        try await Failure.reported {
            let folder = try InstallationFolder(folder)
            try folder.requireAbsent()
            let installation = try ask(folder)
            try folder.write(installation)
            for name in installation.files.map(\.name) + [Installation.masterKeyName] {
                Terminal.say("Wrote \(installation.path(name))")
            }
            await inspect(installation)
            Terminal.say("\n" + NextSteps(installation).text)
        }
    }

    /// Says what would stop the server. A database that can't be reached yet is one of the next steps.
    private func inspect(_ installation: Installation) async {
        guard
            let options = try? ConfigurationOptions.parse([
                "--config", installation.path(Installation.configurationName),
            ])
        else { return }
        let inspection = await Inspection(options, resources: [installation.path(Installation.resourcesName)])
        for problem in inspection.errors + inspection.storageErrors { Terminal.complain(["note: \(problem)"]) }
        if inspection.errors.isEmpty { Terminal.say("Checked: the files have no errors.") }
    }

    private func ask(_ folder: InstallationFolder) throws -> Installation {
        let questionnaire = Questionnaire(acceptsDefaults: yes)
        if !yes { Terminal.complain(["Martlet needs a few answers. Press Return to accept a [default].", ""]) }
        let issuer = try questionnaire.ask(
            "Public address of this service", given: ("--issuer", issuer), default: "http://localhost:8080",
            Answers.issuer)
        let name = try questionnaire.ask(
            "Name shown on pages", given: ("--name", name), default: "Martlet", Answers.name)
        let storage = try questionnaire.ask(
            "Database (sqlite:FILE or mariadb://USER:PASSWORD@HOST/DATABASE)",
            given: given("--storage", storage, storageFile),
            default: "sqlite:\(folder.defaultDataFolder)/martlet.db", Answers.storage)
        let (front, listen) = try askFront(questionnaire, of: issuer)
        let mail = try askMail(questionnaire, name: name, of: issuer)
        let user = try askUser(questionnaire, site: name)
        return Installation(
            issuer: issuer, name: name, storage: storage, front: front, listen: listen, mail: mail, user: user,
            folder: folder.path)
    }

    /// Returns the answer given by a flag or in a file.
    private func given(_ flag: String, _ text: String?, _ file: String?) throws(Mistakes) -> (
        flag: String, text: String?
    ) {
        guard let file else { return (flag, text) }
        guard text == nil else { throw Mistakes(["\(flag): cannot be combined with \(flag)-file"]) }
        guard let lines = SecretFile.lines(file) else {
            throw Mistakes(["\(flag)-file: cannot read the file \(file)"])
        }
        return ("\(flag)-file", lines.first ?? "")
    }

    /// An http issuer is on this machine, so nobody terminates TLS.
    private func askFront(
        _ questionnaire: Questionnaire, of issuer: Issuer
    ) throws -> (Installation.Front, listen: String) {
        func listen(default standard: String) throws -> String {
            try questionnaire.ask(
                "Address to listen on", given: ("--listen", self.listen), default: standard, Answers.address)
        }
        guard issuer.isSecure else { return (.none, try listen(default: "127.0.0.1:\(issuer.port ?? 80)")) }
        let certificate = try questionnaire.ask(
            "TLS certificate chain (PEM file), or empty if a reverse proxy terminates TLS",
            given: ("--tls-certificate", tlsCertificate), default: "", Answers.optionalFile)
        guard let certificate else {
            let networks = try questionnaire.ask(
                "Networks of the reverse proxy", given: ("--trusted-proxies", trustedProxies),
                default: "127.0.0.1, ::1", Answers.networks)
            return (.proxy(networks: networks), try listen(default: "127.0.0.1:8080"))
        }
        let key = try questionnaire.ask(
            "Private key of the certificate (PEM file)", given: ("--tls-key", tlsKey), default: nil, Answers.file)
        return (.certificate(path: certificate, key: key), try listen(default: "0.0.0.0:\(issuer.port ?? 443)"))
    }

    private func askMail(
        _ questionnaire: Questionnaire, name: String, of issuer: Issuer
    ) throws -> Installation.Mail? {
        let server = try questionnaire.ask(
            "Mail server, such as smtp://USER:PASSWORD@mail.example.com:587, or empty for none",
            given: given("--mail-smtp", mailSmtp, mailSmtpFile), default: "", Answers.mailServer)
        guard let server else { return nil }
        let sender = try questionnaire.ask(
            "Sender of email", given: ("--mail-from", mailFrom), default: "\(name) <no-reply@\(issuer.host)>",
            Answers.sender)
        return Installation.Mail(server: server, sender: sender)
    }

    private func askUser(_ questionnaire: Questionnaire, site: String) throws -> Installation.FirstUser? {
        let username = try questionnaire.ask(
            "Username of the first user, or empty for none", given: ("--username", username), default: "",
            Answers.username)
        guard let username else { return nil }
        let email = try questionnaire.ask(
            "Their email address, or empty for none", given: ("--email", email), default: "", Answers.email)
        let password = try questionnaire.password("Their password") { typed throws(InvalidAnswer) in
            do throws(PasswordRefusal) {
                _ = try NewPassword(typed, names: [username, email, site].compactMap(\.self))
            } catch { throw InvalidAnswer("\(error.sentence).") }
        }
        let hash = try PasswordHash(of: NewPassword.normalized(password), parameters: Argon2Parameters())
        return Installation.FirstUser(username: username, email: email, passwordHash: hash.text)
    }
}
