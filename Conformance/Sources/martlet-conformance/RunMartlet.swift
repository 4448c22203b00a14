import ArgumentParser
import Conformance

/// `martlet-conformance martlet`.
struct RunMartlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet", abstract: "Start a Martlet on a free loopback port and run plans against it.",
        discussion: "Example: martlet-conformance martlet --server .build/debug/martlet --tls")

    @Option(help: "The martlet program to start.") var server: String
    @Option(help: "The resource file with the clients and users to create (YAML).") var resources =
        "Conformance/martlet/resources.yaml"
    @Option(help: "The target file that describes them to the tester (JSON).") var target =
        "Conformance/martlet/target.json"
    @Option(help: "The storage setting of Martlet. Defaults to a new SQLite file.") var storage: String?
    @Option(help: "The certificates that client certificates are checked with (PEM). Used with --tls.") var clientCA =
        "Conformance/martlet/client-ca.pem"
    @Flag(help: "Use TLS, with a certificate that openssl creates for the run.") var tls = false
    @OptionGroup var options: RunOptions

    func run() async throws {
        var target = try Target.read(target)
        let receiver = try await Receiver()
        // Modules wait longer than the 30-second grace period of refresh tokens. With --fast both are a tenth.
        // One module waits until a device's code has expired.
        let lifetimes =
            ["--lifetimes-device-code", "60"]
            + (options.fast ? ["--lifetimes-refresh-grace", "3", "--lifetimes-pushed-request", "10"] : [])
        let martlet = try await MartletProcess(
            program: server, resources: resources, receiver: ReceiverMove(of: &target, to: receiver), storage: storage,
            isSecure: tls, clientCA: clientCA, arguments: lifetimes + ["--dpop-nonces", "true"])
        defer { martlet.stop() }
        target.issuer = martlet.issuer
        try await options.run(target, receiver: receiver, trust: martlet.certificate)
    }
}
