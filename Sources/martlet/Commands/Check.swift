import ArgumentParser
import IdentityProvider
import JOSE

/// `martlet check`.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the configuration and resource files, and report everything at once.",
        discussion: """
            Reads all files, the certificate, the templates and the database, and changes nothing. An error would stop \
            the server or `martlet apply`. A note points to something that works but is probably not meant, such as a \
            scope that no resource server has; with --strict, notes are errors. For each client in the files it says \
            what is missing for OAuth 2.1, RFC 9700 and FAPI 2.0.

            Before a deployment:   martlet check resources.yaml --config martlet.yaml
            In a pipeline:         martlet check resources.yaml --config martlet.yaml --strict
            """)

    @Argument(help: "Resource files (YAML) to check along with the configuration.") var files: [String] = []
    @Flag(help: "Fail if there are notes.") var strict = false
    @Option(name: .customLong("for"), help: "The issuer that the resource files are for. Defaults to the first one.")
    var target: String?
    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let inspection = await Inspection(options, resources: files, target: target)
        if output.format == .json {
            let errors = inspection.errors + inspection.storageErrors
            output.show([
                "errors": .strings(errors), "notes": .strings(inspection.plans + inspection.notes),
                "clients": .array(inspection.profiles.map { .object($0.json) }),
            ])
        }
        for note in inspection.plans + inspection.notes { Terminal.complain(["note: \(note)"]) }
        for error in inspection.errors + inspection.storageErrors { Terminal.complain(["error: \(error)"]) }
        if !inspection.errors.isEmpty || strict && !inspection.notes.isEmpty { throw ExitCode(78) }
        if !inspection.storageErrors.isEmpty { throw ExitCode(69) }
        if output.format == .text { inspection.profiles.flatMap(\.lines).forEach(Terminal.say) }
        if output.format == .text { Terminal.say("No errors found.") }
    }
}
