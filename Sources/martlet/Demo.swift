import FoundationEssentials
import IdentityProvider
import JOSE
import Server
import ServiceLifecycle

/// The demo application and its users, for `martlet serve --demo`.
enum Demo {
    /// Throws `Mistakes` unless only this machine can reach Martlet, since the demo's passwords are public.
    static func check(_ configuration: Configuration) throws(Mistakes) {
        guard !configuration.issuers[0].isSecure else {
            throw Mistakes(["--demo: the demo's passwords are public; use an issuer on http://localhost"])
        }
        switch configuration.address {
        case .host("127.0.0.1", _), .host("localhost", _), .host("::1", _), .unixSocket: return
        case .host: throw Mistakes(["--demo: the demo's passwords are public; listen on 127.0.0.1 only"])
        }
    }

    static func apply(_ administration: Administration, port: Int) async throws {
        let text = String(decoding: PackageResources.demo_yaml, as: UTF8.self)
        let file = try DocumentFile(text: text.replacing(":8081/", with: ":\(port)/"), path: "demo.yaml")
        _ = try await administration.apply(try ResourceSet(file.document))
    }

    static func site(_ issuer: Issuer, port: Int) -> StaticSite {
        let config: JSONObject = [
            "issuer": .string(issuer.identifier), "client_id": "demo-spa",
            "scope": "openid profile email offline_access",
        ]
        let files: [String: StaticSite.File] = [
            "/": .init(type: "text/html; charset=utf-8", bytes: PackageResources.index_html),
            "/demo.js": .init(type: "text/javascript; charset=utf-8", bytes: PackageResources.demo_js),
            "/demo.css": .init(type: "text/css; charset=utf-8", bytes: PackageResources.demo_css),
            "/config.json": .init(type: "application/json", bytes: config.serialized()),
        ]
        return StaticSite(
            settings: ServerSettings(address: .host("127.0.0.1", port: port), proxies: .none), files: files,
            policy: "default-src 'self'; connect-src 'self' \(issuer.identifier); frame-ancestors 'none'")
    }

    static func greet(_ issuer: Issuer, port: Int) {
        Terminal.say(
            """

              Martlet        \(issuer.identifier)
              Demo           http://localhost:\(port)

              Sign in as     alice  with password  down-the-rabbit-hole
              or as          bob    with password  the-walrus-and-the-carpenter

              Press Ctrl-C to stop. Your data is kept for the next start.

            """)
    }
}
