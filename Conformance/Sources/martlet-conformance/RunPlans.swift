import ArgumentParser
import Conformance

/// `martlet-conformance run`.
struct RunPlans: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run plans against a provider.",
        discussion: """
            The target file names the issuer, the clients registered there and a person who can sign in. The exit code \
            is 0 only when nothing failed and nothing that was asked for is incomplete.
            """)

    @Option(help: "The provider, its clients and a person there (JSON).") var target: String
    @Option(help: "Another issuer than the file names.") var issuer: String?
    @Option(help: "Certificates to trust besides those of the system (PEM).") var trust: String?
    @OptionGroup var options: RunOptions

    func run() async throws {
        var target = try Target.read(target)
        if let issuer { target.issuer = issuer }
        try await options.run(target, trust: trust)
    }
}
