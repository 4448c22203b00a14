/// Parses a URL with several hosts, which standard URL parsers do not support.
struct MariaDBURLReader {
    private let isSocket: Bool
    /// The part between `@` and `?`.
    private let location: Substring
    private let userInfo: Substring?
    private let query: Substring?

    /// The caller must have checked the scheme.
    init(_ url: String) {
        isSocket = url.hasPrefix("mariadb+unix:")
        var rest = url.drop { $0 != ":" }.dropFirst()
        if rest.hasPrefix("//") { rest = rest.dropFirst(2) }
        if let mark = rest.lastIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        } else {
            query = nil
        }
        // The path of a socket may contain an @. In a password it is written %40.
        if let at = rest.firstIndex(of: "@"), rest.first != "/" {
            userInfo = rest[..<at]
            rest = rest[rest.index(after: at)...]
        } else {
            userInfo = nil
        }
        location = rest
    }

    func place() throws(InvalidMariaDBURL) -> ([MariaDBSettings.Server], database: String) {
        guard let slash = location.lastIndex(of: "/") else {
            throw InvalidMariaDBURL(reason: "must end with the name of the database, as in mariadb://host/martlet")
        }
        let database = try Self.decoded(location[location.index(after: slash)...])
        guard !database.isEmpty, database.utf8.count <= 64 else {
            throw InvalidMariaDBURL(reason: "must end with the name of the database, as in mariadb://host/martlet")
        }
        let address = location[..<slash]
        if isSocket {
            guard address.hasPrefix("/") else {
                throw InvalidMariaDBURL(
                    reason: "must name a socket and a database, as in mariadb+unix:///run/mysqld/mysqld.sock/martlet")
            }
            return ([.socket(try Self.decoded(address))], database)
        }
        var servers: [MariaDBSettings.Server] = []
        for part in address.split(separator: ",", omittingEmptySubsequences: false) {
            servers.append(try Self.server(part))
        }
        return (servers, database)
    }

    func credentials() throws(InvalidMariaDBURL) -> (user: String?, password: String?) {
        guard let userInfo else { return (nil, nil) }
        let parts = userInfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = try Self.decoded(parts[0])
        let password = parts.count == 2 ? try Self.decoded(parts[1]) : nil
        return (user.isEmpty ? nil : user, password)
    }

    func options() throws(InvalidMariaDBURL) -> [(name: String, value: String)] {
        var options: [(name: String, value: String)] = []
        for part in (query ?? "").split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { throw InvalidMariaDBURL(reason: "an option after ? must be NAME=VALUE") }
            let name = try Self.decoded(sides[0])
            guard !options.contains(where: { $0.name == name }) else {
                throw InvalidMariaDBURL(reason: "has the option \(name) twice")
            }
            options.append((name, try Self.decoded(sides[1])))
        }
        return options
    }

    /// `host`, `host:port`, `[::1]:port`.
    private static func server(_ text: Substring) throws(InvalidMariaDBURL) -> MariaDBSettings.Server {
        var host = text
        var port: UInt16 = 3306
        let afterBracket = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[afterBracket...].lastIndex(of: ":") {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else {
                throw InvalidMariaDBURL(reason: "has a port that is not a number from 1 to 65535")
            }
            port = number
            host = text[..<colon]
        }
        let name = host.filter { $0 != "[" && $0 != "]" }
        guard !name.isEmpty, !name.contains(where: \.isWhitespace) else {
            throw InvalidMariaDBURL(reason: "has no host; for a socket, use mariadb+unix:")
        }
        return .host(String(name), port: port)
    }

    /// RFC 3986 §2.1.
    private static func decoded(_ text: Substring) throws(InvalidMariaDBURL) -> String {
        let malformed = InvalidMariaDBURL(reason: "has a % that is not followed by two hexadecimal digits")
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = String(rest.prefix(2)), digits.utf8.count == 2, digits.first != "+", digits.first != "-",
                let value = UInt8(digits, radix: 16)
            else { throw malformed }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else { throw malformed }
        return decoded
    }
}
