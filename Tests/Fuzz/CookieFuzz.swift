import HTTPTypes
@testable import IdentityProvider

/// The `Cookie` field (RFC 6265 §5.4), from browsers and from anything else that sets cookies for the host.
enum CookieFuzz {
    private static let cookies: [Cookie] = {
        guard let issuer = try? Issuer("https://id.example.com") else { fatalError("the issuer is invalid") }
        return [Cookie("session", of: issuer), Cookie("browser", of: issuer), Cookie("a", at: "http://localhost")]
    }()

    static func check(_ input: [UInt8]) {
        let field = String(decoding: input, as: UTF8.self)
        guard let request = request(field) else { return }
        for cookie in cookies {
            let value = cookie.value(in: request)
            if let secret = cookie.secret(in: request) {
                require(secret == value && secret.utf8.count == 43, "a secret is the value and has a fixed length")
            }
            guard let value else { continue }
            let pairs = request.headers[values: .cookie].flatMap { $0.utf8.split(separator: UInt8(ascii: ";")) }
            require(
                pairs.contains { Array($0.drop { $0 == 0x20 }) == Array("\(cookie.name)=\(value)".utf8) },
                "a value is one that was sent under its name")
            // A field loses trailing spaces.
            let alone = self.request("\(cookie.name)=\(value);")
            require(alone.flatMap(cookie.value) == value, "a cookie has the same value when sent alone")
        }
    }

    private static func request(_ field: String) -> Request? {
        try? Request(method: .get, path: "/", headers: [.cookie: field])
    }
}
