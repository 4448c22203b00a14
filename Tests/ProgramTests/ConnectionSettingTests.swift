import ArgumentParser
import Testing

@testable import Server
@testable import martlet

@Suite("The connections settings")
struct ConnectionSettingTests {
    private func limits(_ arguments: [String], _ environment: [String: String] = [:]) throws
        -> ServerSettings.ConnectionLimits
    {
        try Configuration(ConfigurationOptions.parse(arguments), environment: environment).connections
    }

    @Test("both limits can be set and have generous defaults")
    func settings() throws {
        let limits = try limits(["--connections-per-address", "3"], ["MARTLET_CONNECTIONS_PER_NETWORK": "7"])
        #expect(limits.perAddress == 3)
        #expect(limits.perNetwork == 7)
        #expect(try self.limits([]).perAddress == 256)
        #expect(try self.limits([]).perNetwork == 512)
    }

    @Test(
        "a limit that is not a number from 1 to a million is a mistake", arguments: ["0", "-1", "unlimited", "1000001"])
    func mistakes(_ text: String) throws {
        let mistakes = try #require(throws: Mistakes.self) { try limits(["--connections-per-network=\(text)"]) }
        #expect(
            mistakes.lines.contains("--connections-per-network: must be a number from 1 to 1000000"),
            "\(mistakes.lines)")
    }
}
