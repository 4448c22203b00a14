import ArgumentParser
import Conformance

/// `martlet-conformance run`.
struct RunPlans: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run plans against a provider.",
        discussion: """
            The target file names the issuer, its registered clients, and a user who can sign in. Exits with 0 only if \
            no module failed and every selected plan is complete.

            martlet-conformance run --target provider.json --plan oidcc-basic-certification-test-plan --report report
            """)

    @Option(help: "The target file: the provider, its clients and a user (JSON).") var target: String
    @Option(help: "An issuer that overrides the one in the target file.") var issuer: String?
    @Option(help: "Certificates to trust in addition to those of the system (PEM).") var trust: String?
    @OptionGroup var options: RunOptions

    func run() async throws {
        var target = try Target.read(target)
        if let issuer { target.issuer = issuer }
        let receiver: Receiver? = if let port = target.receiver?.port { try await Receiver(port: port) } else { nil }
        try await options.run(target, receiver: receiver, trust: trust)
    }
}
