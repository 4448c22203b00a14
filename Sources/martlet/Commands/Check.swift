import ArgumentParser
import IdentityProvider
import Server

/// `martlet check`.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the configuration and resource files, and report every error at once.",
        discussion: "Example: martlet check resources.yaml --config martlet.yaml")

    @Argument(help: "Resource files (YAML) to validate along with the configuration.") var files: [String] = []
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        try await Failure.reported {
            var mistakes: [String] = []
            do throws(Mistakes) {
                let configuration = try Configuration(options)
                do throws(InvalidTemplate) {
                    _ = try PageRenderer(name: configuration.settings.name, overrides: configuration.templates)
                } catch { mistakes.append("templates: \(error.file): \(error.reason)") }
                for setting in configuration.unused {
                    Terminal.complain(["note: \(setting) has no effect in this version"])
                }
            } catch { mistakes += error.lines }
            do throws(Mistakes) {
                let resources = try ResourceFiles(files)
                for warning in resources.warnings(besides: ResourceNames()) { Terminal.complain(["note: \(warning)"]) }
            } catch { mistakes += error.lines }
            guard mistakes.isEmpty else { throw Mistakes(mistakes) }
            Terminal.say("No errors found.")
        }
    }
}
