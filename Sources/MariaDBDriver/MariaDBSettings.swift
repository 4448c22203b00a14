/// The servers to connect to and how, as given by the setting `storage`.
///
///     mariadb://user:password@host:3306,other-host/database?tls=verify
///     mariadb+unix://user@/run/mysqld/mysqld.sock/database
package struct MariaDBSettings: Sendable, Hashable {
    package enum Server: Sendable, Hashable {
        case host(String, port: UInt16)
        case socket(String)
    }

    package enum TransportSecurity: Sendable, Hashable {
        case off
        /// The certificate must be valid for the host. `authority` is a PEM file that replaces the system's
        /// authorities.
        case verified(authority: String?, certificate: ClientCertificate?)
    }

    package struct ClientCertificate: Sendable, Hashable {
        package let certificate: String
        package let key: String
    }

    /// The servers, in the order in which they are tried.
    package let servers: [Server]
    /// The database user; `nil` is the user of this process.
    package let user: String?
    package let password: String?
    package let database: String
    /// The number of connections, and thus of units of work that may run at once.
    package var connections = 8
    package var transportSecurity: TransportSecurity
    /// Seconds that a request may wait for its unit of work.
    package var timeout = 2
    /// Whether the server refuses every change on these connections.
    var isReadOnly = false

    /// Throws `InvalidMariaDBURL`, whose reason never repeats anything that may be a password.
    package init(_ url: String) throws(InvalidMariaDBURL) {
        let reader = MariaDBURLReader(url)
        (servers, database) = try reader.place()
        (user, password) = try reader.credentials()
        // A server on this machine is reached without a network. Everywhere else, its certificate is verified.
        transportSecurity = servers.allSatisfy(\.isLocal) ? .off : .verified(authority: nil, certificate: nil)
        try read(reader.options())
    }

    private mutating func read(_ options: [(name: String, value: String)]) throws(InvalidMariaDBURL) {
        var files: [String: String] = [:]
        for (name, value) in options {
            switch (name, value) {
            case ("connections", _): connections = try Self.number(name, value, 1...256)
            case ("timeout", _): timeout = try Self.number(name, value, 1...60)
            case ("tls", "off"): transportSecurity = .off
            case ("tls", "verify"): transportSecurity = .verified(authority: nil, certificate: nil)
            case ("tls", _): throw InvalidMariaDBURL(reason: "tls must be verify or off")
            case ("tls_ca", _), ("tls_certificate", _), ("tls_key", _): files[name] = value
            default: throw InvalidMariaDBURL(reason: "has an unknown option \(name)")
            }
        }
        guard !files.isEmpty else { return }
        guard transportSecurity != .off else {
            throw InvalidMariaDBURL(reason: "tls_ca, tls_certificate and tls_key require tls=verify")
        }
        var client: ClientCertificate?
        switch (files["tls_certificate"], files["tls_key"]) {
        case (let certificate?, let key?): client = ClientCertificate(certificate: certificate, key: key)
        case (nil, nil): client = nil
        default: throw InvalidMariaDBURL(reason: "tls_certificate and tls_key must be set together")
        }
        transportSecurity = .verified(authority: files["tls_ca"], certificate: client)
    }

    private static func number(
        _ name: String, _ text: String, _ range: ClosedRange<Int>
    ) throws(InvalidMariaDBURL) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw InvalidMariaDBURL(reason: "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

extension MariaDBSettings.Server: CustomStringConvertible {
    /// Whether the server is on this machine.
    var isLocal: Bool {
        switch self {
        case .socket: true
        case .host(let name, _): ["localhost", "127.0.0.1", "::1"].contains(name)
        }
    }

    package var description: String {
        switch self {
        case .socket(let path): path
        case .host(let name, let port): name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
        }
    }
}

/// A reason why a URL does not name a MariaDB database.
package struct InvalidMariaDBURL: Error {
    package let reason: String
}

extension MariaDBSettings: CustomStringConvertible {
    /// The URL without the password and options.
    package var description: String {
        let user = user.map { "\($0)@" } ?? ""
        if case .socket(let path)? = servers.first { return "mariadb+unix://\(user)\(path)/\(database)" }
        return "mariadb://\(user)\(servers.map(\.description).joined(separator: ","))/\(database)"
    }
}
