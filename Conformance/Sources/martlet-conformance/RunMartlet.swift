import ArgumentParser
import Conformance

/// `martlet-conformance martlet`.
struct RunMartlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet", abstract: "Start a Martlet on a free loopback port, and run plans against it.")

    @Option(help: "The program to start.") var server: String
    @Option(help: "Its clients and people (YAML).") var resources = "Conformance/martlet/resources.yaml"
    @Option(help: "How the tester knows them (JSON).") var target = "Conformance/martlet/target.json"
    @Option(help: "Where it keeps state, as its storage setting says; without it a new SQLite file.") var storage:
        String?
    @Flag(help: "Speak TLS, with a certificate made for the run by openssl.") var tls = false
    @OptionGroup var options: RunOptions

    func run() async throws {
        var target = try Target.read(target)
        // A repeated refresh is forgiven for thirty seconds; scripts that wait longer wait a tenth when fast.
        let martlet = try await MartletProcess(
            program: server, resources: resources, storage: storage, isSecure: tls,
            arguments: options.fast ? ["--lifetimes-refresh-grace", "3"] : [])
        defer { martlet.stop() }
        target.issuer = martlet.issuer
        try await options.run(target, trust: martlet.certificate)
    }
}
