import ArgumentParser
import Testing

@testable import martlet

@Suite("The help texts")
struct HelpTests {
    /// Every command that does something, with its path.
    private static func commands(_ command: any ParsableCommand.Type, _ path: String) -> [(
        path: String, command: any ParsableCommand.Type
    )] {
        let subcommands = command.configuration.subcommands
        guard !subcommands.isEmpty else { return [(path, command)] }
        return subcommands.flatMap { commands($0, "\(path) \($0._commandName)") }
    }

    @Test("every command has an abstract and an example")
    func examples() {
        let commands = Self.commands(Martlet.self, "martlet")
        #expect(commands.count > 30)
        for (path, command) in commands {
            let configuration = command.configuration
            #expect(!configuration.abstract.isEmpty, "\(path)")
            let shorter = path.replacing(" show", with: "").replacing(" make", with: "")
            #expect([path, shorter].contains { configuration.discussion.contains($0) }, "\(path)")
        }
    }
}
