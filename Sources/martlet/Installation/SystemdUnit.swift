import FoundationEssentials

/// The text of `martlet.service`: a systemd unit that gives the program no more than it needs.
struct SystemdUnit {
    let text: String

    /// The account that runs the service.
    static let account = "martlet"
    /// systemd makes it at each start, for sockets.
    private static let runtimeFolder = "/run/\(account)"

    init(_ installation: Installation) {
        text =
            [Self.head(installation), Self.service(installation), Self.sandbox(installation), Self.install]
            .joined(separator: "\n") + "\n"
    }

    private static func head(_ installation: Installation) -> String {
        """
        [Unit]
        Description=Martlet identity provider
        Wants=network-online.target
        After=network-online.target\(installation.dataFolder == nil ? " mariadb.service" : "")

        """
    }

    /// The unit starts the program that wrote it.
    private static func service(_ installation: Installation) -> String {
        let program = ProgramPath.current
        return """
            [Service]
            Type=exec
            User=\(account)
            Group=\(account)
            ExecStart=\(argument(program)) serve --config \(argument(installation.path(Installation.configurationName)))
            Restart=on-failure
            RestartSec=2
            # Requests in flight have 10 seconds to finish.
            TimeoutStopSec=30
            LimitNOFILE=65536
            UMask=0077

            """
    }

    private static func sandbox(_ installation: Installation) -> String {
        // The program rewrites the master key file when the key is rotated, which commands do, not the service.
        let folders = [installation.dataFolder, installation.socketFolder].compactMap(\.self)
        let writable = folders.filter { $0 != runtimeFolder }.map { "ReadWritePaths=\(quoted($0))\n" }.joined()
        let runtime = folders.contains(runtimeFolder) ? "RuntimeDirectory=\(account)\n" : ""
        let capabilities =
            installation.needsPrivilegedPort
            ? "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE"
            : "CapabilityBoundingSet="
        return """
            # The service sees the file system read-only, apart from its data.
            \(writable)\(runtime)ProtectSystem=strict
            ProtectHome=\(isBelowHome(installation) ? "read-only" : "yes")
            PrivateTmp=yes
            PrivateDevices=yes
            ProtectProc=invisible
            ProtectClock=yes
            ProtectHostname=yes
            ProtectControlGroups=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            NoNewPrivileges=yes
            \(capabilities)
            LockPersonality=yes
            MemoryDenyWriteExecute=yes
            RemoveIPC=yes
            RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
            RestrictNamespaces=yes
            RestrictRealtime=yes
            RestrictSUIDSGID=yes
            SystemCallArchitectures=native
            SystemCallFilter=@system-service
            SystemCallFilter=~@privileged @resources
            SystemCallErrorNumber=EPERM

            """
    }

    private static let install = """
        [Install]
        WantedBy=multi-user.target
        """

    private static func isBelowHome(_ installation: Installation) -> Bool {
        (installation.certificateFiles + [installation.folder, installation.dataFolder ?? "", ProgramPath.current])
            .contains { path in ["/home/", "/root/", "/run/user/"].contains(where: path.hasPrefix) }
    }

    /// Returns a path as one word (systemd.syntax(7), "Quoting"; systemd.unit(5), "Specifiers").
    private static func quoted(_ path: String) -> String {
        let escaped = path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
        return escaped == path && !path.contains(" ") ? path : "\"\(escaped)\""
    }

    /// Returns an argument of a command, in which `$` starts a variable (systemd.service(5), "Command lines").
    private static func argument(_ text: String) -> String { quoted(text).replacing("$", with: "$$") }
}

enum ProgramPath {
    /// The absolute path of the running program.
    static var current: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/usr/local/bin/martlet"
    }
}
