import IdentityProvider

/// What to do after `martlet init`.
struct NextSteps {
    let text: String

    init(_ installation: Installation) {
        let configuration = installation.path(Installation.configurationName)
        var steps: [String] = []
        if !installation.issuer.isSecure {
            steps.append(
                """
                Start it here:
                  martlet apply \(installation.path(Installation.resourcesName)) --config \(configuration)
                  martlet serve --config \(configuration)
                """)
        }
        if !installation.storage.hasPrefix("sqlite:") {
            steps.append(
                """
                Every node needs the same configuration and master key: copy \(installation.folder) to the others; don't run
                `martlet init` there.
                """)
        }
        steps.append(Self.service(installation))
        text = steps.joined(separator: "\n\n")
    }

    private static func service(_ installation: Installation) -> String {
        let (account, folder) = (SystemdUnit.account, installation.folder)
        let configuration = installation.path(Installation.configurationName)
        let data = installation.dataFolder.map { "\n  install -d -m 700 -o \(account) -g \(account) \($0)" } ?? ""
        return """
            Run it as a service, as root:
              useradd --system --no-create-home \(account)
              chown -R \(account): \(folder)\(data)
              runuser -u \(account) -- martlet apply \(installation.path(Installation.resourcesName)) --config \(configuration)
              cp \(installation.path(Installation.unitName)) /etc/systemd/system/
              systemctl daemon-reload && systemctl enable --now martlet
            """
    }
}
