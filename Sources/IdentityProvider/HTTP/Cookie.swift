import HTTPTypes

/// A cookie of one issuer: how it is named, read and set. Always `HttpOnly`; script has no business with it.
package struct Cookie: Sendable {
    package let name: String
    private let path: String
    private let isSecure: Bool

    /// The `__Host-` prefix makes browsers refuse the cookie from any other host (RFC 6265bis §4.1.3.2); an issuer
    /// below a path needs `Path`, which that prefix forbids, and takes `__Secure-`.
    init(_ name: String, of issuer: Issuer) {
        isSecure = issuer.isSecure
        path = issuer.path.isEmpty ? "/" : issuer.path
        let prefix = !issuer.isSecure ? "" : issuer.path.isEmpty ? "__Host-" : "__Secure-"
        self.name = "\(prefix)martlet-\(name)"
    }

    /// A cookie at another origin than ours, which is answered for: for all of its paths, and no other host.
    init(_ name: String, at origin: String) {
        isSecure = origin.hasPrefix("https://")
        path = "/"
        self.name = "\(isSecure ? "__Host-" : "")martlet-\(name)"
    }

    /// The value, if it is 32 bytes in base64url: anything else was not made here.
    func secret(in request: Request) -> String? { value(in: request).flatMap { $0.utf8.count == 43 ? $0 : nil } }

    /// By bytes: a mark that combines with a separator doesn't hide it. A name stands at the beginning of its pair, not
    /// behind another `=`, where a cookie without a name would bring it (RFC 6265bis §5.7).
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

    /// For the `Set-Cookie` field. `maxAge` in seconds; without it the cookie ends with the browser.
    func setting(_ value: String, maxAge: Int? = nil) -> String {
        let age = maxAge.map { "; Max-Age=\($0)" } ?? ""
        return "\(name)=\(value); Path=\(path); HttpOnly; SameSite=Lax\(age)\(isSecure ? "; Secure" : "")"
    }

    func clearing() -> String { setting("", maxAge: 0) }
}
