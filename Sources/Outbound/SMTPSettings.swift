import FoundationEssentials

/// The mail server and how to reach it: `smtp://USER:PASSWORD@HOST:PORT?tls=required`.
package struct SMTPSettings: Sendable, Hashable {
    package enum TLS: String, Sendable {
        /// TLS from the first byte (RFC 8314 §3.3): `smtps`.
        case implicit
        /// STARTTLS (RFC 3207), which the server must offer.
        case required
        /// STARTTLS if the server offers it.
        case offered
        case off
    }

    package let host: String
    package let port: Int
    package let tls: TLS
    /// A PEM file with the authorities to trust instead of the system's.
    package let authority: String?
    package let user: String?
    package let password: String?
    /// The time limit for one email, in seconds.
    package let timeout: Int

    /// The URL may contain a password, so the reason for a refusal never repeats it.
    package init(_ text: String) throws(InvalidSMTPURL) {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty,
            url.path.isEmpty || url.path == "/", url.fragment == nil
        else { throw InvalidSMTPURL("must be smtp://HOST:PORT or smtps://HOST:PORT") }
        guard url.scheme == "smtp" || url.scheme == "smtps" else {
            throw InvalidSMTPURL("must begin with smtp: or smtps:")
        }
        guard (url.user == nil) == (url.password == nil) else {
            throw InvalidSMTPURL("must have both a user and a password, or neither")
        }
        let isLocal = ["localhost", "127.0.0.1", "[::1]", "::1"].contains(host)
        var options = try Self.options(url.queryItems ?? [])
        self.host = host
        let isImplicit = url.scheme == "smtps"
        port = url.port ?? (isImplicit ? 465 : url.user == nil ? 25 : 587)
        user = url.user
        password = url.password
        authority = options.removeValue(forKey: "tls_ca")
        tls = try Self.tls(options.removeValue(forKey: "tls"), isImplicit: isImplicit, isLocal: isLocal)
        let seconds = options.removeValue(forKey: "timeout") ?? "30"
        guard let timeout = Int(seconds), (1...120).contains(timeout) else {
            throw InvalidSMTPURL("timeout must be 1 to 120 seconds")
        }
        self.timeout = timeout
        guard options.isEmpty else { throw InvalidSMTPURL("has an unknown option, expected tls, tls_ca or timeout") }
        guard user == nil || isLocal || tls == .implicit || tls == .required else {
            throw InvalidSMTPURL("would send the password unencrypted: use tls=required or smtps")
        }
    }

    private static func options(_ items: [URLQueryItem]) throws(InvalidSMTPURL) -> [String: String] {
        var options: [String: String] = [:]
        for item in items {
            guard options.updateValue(item.value ?? "", forKey: item.name) == nil else {
                throw InvalidSMTPURL("has a duplicate option")
            }
        }
        return options
    }

    private static func tls(_ text: String?, isImplicit: Bool, isLocal: Bool) throws(InvalidSMTPURL) -> TLS {
        guard !isImplicit else {
            guard text == nil else { throw InvalidSMTPURL("must not set tls: smtps is always encrypted") }
            return .implicit
        }
        guard let text else { return isLocal ? .off : .required }
        guard let tls = TLS(rawValue: text), tls != .implicit else {
            throw InvalidSMTPURL("tls must be required, offered or off")
        }
        return tls
    }
}

/// Why a text is not the URL of a mail server.
package struct InvalidSMTPURL: Error {
    package let reason: String
    init(_ reason: String) { self.reason = reason }
}
