import ArgumentParser

/// The program.
@main
struct Martlet: AsyncParsableCommand {
    static let version = "0.1.0"
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "An OAuth 2 and OpenID Connect identity provider.",
        discussion: """
            Start it with a demo on this machine:    martlet serve --demo
            Start it with your own configuration:    martlet serve --config martlet.yaml --apply resources.yaml
            See what a resource file would change:   martlet apply resources.yaml --plan

            Every setting can stand in the file named by --config, in an environment variable (MARTLET_ISSUER, \
            MARTLET_TLS_CERTIFICATE, …) or in a flag (--issuer, --tls-certificate, …); the later in this list wins.

            Exit codes: 0 done; 1 failed; 2 changes are pending (apply --plan); 64 the command line is wrong; \
            65 a file cannot be imported; 69 the storage cannot be used; 78 the configuration or a resource file is wrong.
            """,
        version: version,
        subcommands: [
            Serve.self, Apply.self, UserCommand.self, GroupCommand.self, RoleCommand.self, ClientCommand.self,
            KeyCommand.self, SessionCommand.self,
            AuditCommand.self, Explain.self, Migrate.self, Export.self, Import.self, Check.self,
        ])
}
