import IdentityProvider
import JOSE

/// The text of `martlet.yaml`: the settings that were chosen, and the others that operators change most, as comments.
struct ConfigurationText {
    let text: String

    init(_ installation: Installation) {
        let sections = [
            Self.head(installation), Self.storage(installation), Self.front(installation), Self.mail(installation),
            Self.policy, Self.telemetry,
        ]
        text = sections.joined(separator: "\n") + "\n"
    }

    private static func head(_ installation: Installation) -> String {
        """
        # Martlet's settings. `martlet check --config FILE` reports mistakes; docs/configuration.md describes every setting.

        # The public address, exactly as clients configure it. Changing it later makes every client and passkey start over.
        issuer: \(YAMLText.scalar(installation.issuer.identifier))
        # Shown on pages and in email.
        name: \(YAMLText.scalar(installation.name))

        """
    }

    private static func storage(_ installation: Installation) -> String {
        let setting =
            installation.hasStoragePassword
            ? "storage_file: \(YAMLText.scalar(installation.path(Installation.storageName)))"
            : "storage: \(YAMLText.scalar(installation.storage))"
        return """
            # The database holds all state, and the master key opens its secrets. Back up both, apart from each other.
            \(setting)
            master_key_file: \(YAMLText.scalar(installation.masterKeyPath))

            """
    }

    private static func front(_ installation: Installation) -> String {
        let listen = "listen: \(YAMLText.scalar(installation.listen))"
        switch installation.front {
        case .none: return listen + "\n"
        case .proxy(let networks):
            let list = networks.map(YAMLText.scalar).joined(separator: ", ")
            return """
                # A reverse proxy terminates TLS. Only proxies in these networks may name the user's address
                # (X-Forwarded-For), which rate limits and the audit log rely on.
                \(listen)
                trusted_proxies: [\(list)]

                """
        case .certificate(let certificate, let key):
            return """
                \(listen)
                # PEM files. Martlet reloads them within a minute after they change.
                tls:
                  certificate: \(YAMLText.scalar(certificate))
                  key: \(YAMLText.scalar(key))

                """
        }
    }

    private static func mail(_ installation: Installation) -> String {
        guard let mail = installation.mail else {
            return """
                # Without mail, users can't reset a forgotten password or learn of changes to their account.
                # mail:
                #   smtp_file: \(installation.path(Installation.mailName))     # smtp://USER:PASSWORD@mail.example.com:587
                #   from: \(installation.name) <no-reply@\(installation.issuer.host)>

                """
        }
        let server =
            installation.hasMailPassword
            ? "smtp_file: \(YAMLText.scalar(installation.path(Installation.mailName)))"
            : "smtp: \(YAMLText.scalar(mail.server))"
        return """
            mail:
              \(server)
              from: \(YAMLText.scalar(mail.sender))

            """
    }

    private static let policy = """
        # Who may create an account: off, open or invitation.
        # sign_up: invitation
        # The minimum strength of every sign-in. urn:martlet:acr:2 demands a second factor or a passkey.
        # minimum_acr: urn:martlet:acr:2

        """

    private static let telemetry = """
        telemetry:
          log: text             # json for a log collector
          # metrics: 127.0.0.1:9464
          # otlp: http://localhost:4318
        """
}

/// The text of `resources.yaml`.
struct ResourcesText {
    let user: Installation.FirstUser?

    var text: String {
        """
        # Users, clients, roles and APIs. Apply changes with `martlet apply resources.yaml`; add --plan for a preview.

        \(users)
        # An application that signs users in:
        # clients:
        #   - client_id: web
        #     client_secret_file: web.secret      # openssl rand -hex 32 > web.secret
        #     client_name: Web shop
        #     redirect_uris: [https://shop.example.com/callback]
        #     scope: openid profile email

        """
    }

    private var users: String {
        guard let user else { return "users: []\n" }
        var lines = ["users:", "  - username: \(YAMLText.scalar(user.username))"]
        if let email = user.email {
            lines += ["    email: \(YAMLText.scalar(email))", "    email_verified: true"]
        }
        lines.append("    password_hash: \(YAMLText.scalar(user.passwordHash))   # used only to create the user")
        return lines.joined(separator: "\n") + "\n"
    }
}

enum YAMLText {
    /// Returns `text` as a YAML scalar, quoted unless every reader takes it for a string.
    static func scalar(_ text: String) -> String {
        let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        let isAddress =
            text.first?.isNumber == true && text.count { $0 == "." } == 3 && text.contains { ":/".contains($0) }
        let isPlain =
            (isAddress || text.first.map { $0.isLetter || $0 == "/" } == true)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/:.@_-".contains($0)) }
            && text.last != ":" && !words.contains(text.lowercased())
        return isPlain ? text : String(decoding: JSON.string(text).serialized(), as: UTF8.self)
    }
}
