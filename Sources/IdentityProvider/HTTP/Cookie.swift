import HTTPTypes

/// A cookie of one issuer. `HttpOnly`, unless a script needs it (`settingForScripts`).
package struct Cookie: Sendable {
    package let name: String
    private let path: String
    private let isSecure: Bool

    /// With the `__Host-` prefix, browsers reject the cookie from any other host (RFC 6265bis §4.1.3.2). An issuer
    /// below a path uses `__Secure-` instead, because it needs a `Path` other than `/`, which `__Host-` forbids.
    init(_ name: String, of issuer: Issuer) {
        isSecure = issuer.isSecure
        path = issuer.path.isEmpty ? "/" : issuer.path
        let prefix = !issuer.isSecure ? "" : issuer.path.isEmpty ? "__Host-" : "__Secure-"
        self.name = "\(prefix)martlet-\(name)"
    }

    /// Creates a cookie that browsers send only to `path`. `__Host-` would forbid the path.
    init(_ name: String, of issuer: Issuer, at path: Path) {
        isSecure = issuer.isSecure
        self.path = issuer.reference(path)
        self.name = "\(issuer.isSecure ? "__Secure-" : "")martlet-\(name)"
    }

    /// Creates a cookie for an origin that a proxy protects. It is valid for all paths there and for no other host.
    init(_ name: String, at origin: String) {
        isSecure = origin.hasPrefix("https://")
        path = "/"
        self.name = "\(isSecure ? "__Host-" : "")martlet-\(name)"
    }

    /// Returns the value if it has the length of 32 bytes in base64url. Martlet never sets any other secret.
    func secret(in request: Request) -> String? { value(in: request).flatMap { $0.utf8.count == 43 ? $0 : nil } }

    /// Returns the value of the first non-empty cookie with this name. Parses bytes, because a combining character
    /// would hide the separator before it. The name must start its pair: after another `=`, it would be part of a
    /// nameless cookie (RFC 6265bis §5.7).
    func value(in request: Request) -> String? {
        for field in request.headers[values: .cookie] {
            for pair in field.utf8.split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == UInt8(ascii: " ") }
                guard pair.starts(with: "\(name)=".utf8) else { continue }
                let value = pair.dropFirst(name.utf8.count + 1)
                if !value.isEmpty { return String(Substring(value)) }
            }
        }
        return nil
    }

    /// Returns a `Set-Cookie` value. `maxAge` is in seconds; without it, the cookie lasts until the browser closes.
    func setting(_ value: String, maxAge: Int? = nil) -> String {
        let age = maxAge.map { "; Max-Age=\($0)" } ?? ""
        return "\(name)=\(value); Path=\(path); HttpOnly; SameSite=Lax\(age)\(isSecure ? "; Secure" : "")"
    }

    /// Returns a `Set-Cookie` value for a cookie that scripts can read, also in frames on other sites. Only for values
    /// that grant nothing. Browsers refuse `None` without `Secure` (RFC 6265bis §5.7).
    func settingForScripts(_ value: String, maxAge: Int) -> String {
        "\(name)=\(value); Path=\(path); SameSite=\(isSecure ? "None; Secure" : "Lax"); Max-Age=\(maxAge)"
    }

    /// Returns the value that `response` sets, empty if it deletes the cookie; `nil` if it leaves the cookie alone.
    func value(setBy response: Response) -> String? {
        response.headers[values: .setCookie].last { $0.hasPrefix("\(name)=") }
            .map { String($0.dropFirst(name.count + 1).prefix { $0 != ";" }) }
    }

    /// Returns a `Set-Cookie` value that deletes the cookie.
    func clearing() -> String { setting("", maxAge: 0) }
}
