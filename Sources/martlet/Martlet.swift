import ArgumentParser

@main
struct Martlet: AsyncParsableCommand {
    static let version = "0.1.0"
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "An OAuth 2 and OpenID Connect identity provider.",
        discussion: """
            Try a demo on this machine:         martlet serve --demo
            Set up your own:                    martlet init
            Run with your own configuration:    martlet serve --apply resources.yaml
            Preview changes to resources:       martlet apply resources.yaml --plan

            Set each setting in the file given by --config, in an environment variable (MARTLET_TLS_CERTIFICATE), or \
            with a flag (--tls-certificate). Flags override variables, and variables override the file. Without \
            --config, Martlet looks for martlet.yaml in this folder, then for /etc/martlet/martlet.yaml.

            Only serve, migrate, apply and import create a database or a new issuer. Every command says on standard \
            error which issuer and storage it uses. With --output json, results are JSON (docs/operations.md).

            Exit codes:
              0   success
              1   failure, a change that wasn't confirmed, or `audit verify` found problems
              2   changes are pending (--plan)
              64  invalid command line, or --yes is needed
              65  the file can't be imported
              69  the storage is unavailable, doesn't exist, or has another schema
              78  invalid configuration or resource file
            """,
        version: version,
        subcommands: [
            Init.self, Check.self, Serve.self, Apply.self,
            UserCommand.self, GroupCommand.self, RoleCommand.self, ClientCommand.self, SessionCommand.self,
            StreamCommand.self,
            KeyCommand.self, AuditCommand.self, Explain.self, Migrate.self, Export.self, Import.self,
        ])
}
