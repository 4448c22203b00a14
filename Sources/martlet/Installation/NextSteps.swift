import IdentityProvider

/// What to do after `martlet init`, as commands for a shell.
struct NextSteps {
    let text: String

    init(_ installation: Installation) {
        var steps: [String] = []
        if !installation.issuer.isSecure { steps.append(Self.here(installation)) }
        if !installation.storage.hasPrefix("sqlite:") {
            steps.append(
                """
                Every node needs the same files: copy \(installation.folder) to the others; don't run `martlet init` there.
                """)
        }
        steps.append(Self.service(installation))
        if !installation.certificateFiles.isEmpty {
            steps.append(
                """
                The user \(SystemdUnit.account) must be able to read the certificate and its key:
                \(installation.certificateFiles.map { "  \($0)" }.joined(separator: "\n"))
                """)
        }
        text = steps.joined(separator: "\n\n")
    }

    private static func here(_ installation: Installation) -> String {
        let configuration = Shell.quoted(installation.path(Installation.configurationName))
        return """
            Start it here:
              martlet apply \(Shell.quoted(installation.path(Installation.resourcesName))) --config \(configuration)
              martlet serve --config \(configuration)
            """
    }

    /// The configuration stays with the user who wrote it, so that the service can't change its own settings.
    private static func service(_ installation: Installation) -> String {
        let account = SystemdUnit.account
        let secrets = installation.files.filter(\.isSecret).map(\.name) + [Installation.masterKeyName]
        let files = secrets.map { Shell.quoted(installation.path($0)) }.joined(separator: " ")
        let configuration = Shell.quoted(installation.path(Installation.configurationName))
        let resources = Shell.quoted(installation.path(Installation.resourcesName))
        let data = installation.dataFolder.map {
            "\n  install -d -m 700 -o \(account) -g \(account) \(Shell.quoted($0))"
        }
        return """
            Run it as a service, as root:
              useradd --system --no-create-home \(account)
              chown \(account): \(files)\(data ?? "")
              runuser -u \(account) -- martlet apply \(resources) --config \(configuration)
              cp \(Shell.quoted(installation.path(Installation.unitName))) /etc/systemd/system/
              systemctl daemon-reload && systemctl enable --now martlet
            """
    }
}

enum Shell {
    /// Returns `text` as one word of a POSIX shell.
    static func quoted(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-".contains($0)) }
        return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
