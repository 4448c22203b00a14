/// An HTTP authentication scheme (RFC 9110 §11.1).
struct AuthenticationScheme: Hashable, Sendable {
    let name: String

    /// RFC 6750.
    static let bearer = AuthenticationScheme(name: "Bearer")
    /// RFC 9449 §7.1.
    static let dpop = AuthenticationScheme(name: "DPoP")
    /// RFC 7617.
    static let basic = AuthenticationScheme(name: "Basic")

    /// Returns the credentials of an `Authorization` field; `nil` for another scheme. Schemes are case-insensitive.
    func credentials(in field: String) -> String? {
        let prefix = field.prefix(name.count + 1)
        guard prefix.last == " ", prefix.dropLast().lowercased() == name.lowercased() else { return nil }
        let credentials = field.dropFirst(prefix.count).drop { $0 == " " }
        return String(credentials.reversed().drop { $0 == " " }.reversed())
    }

    /// Returns a `WWW-Authenticate` value (RFC 9110 §11.6.1). The parameter values must not contain quotes.
    func challenge(_ parameters: [(name: String, value: String)] = []) -> String {
        ([("realm", "martlet")] + parameters).reduce(into: name) { text, parameter in
            text += "\(text == name ? "" : ",") \(parameter.0)=\"\(parameter.1)\""
        }
    }
}
