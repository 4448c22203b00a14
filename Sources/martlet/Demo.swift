import FoundationEssentials
import IdentityProvider
import JOSE
import Server
import ServiceLifecycle

/// The demo application, its users, and a second issuer to sign in with, for `martlet serve --demo`.
struct Demo: Sendable {
    /// The port of the demo application.
    let port: Int
    private let issuer: Issuer
    /// The issuer that stands for another provider.
    private let upstream: Issuer

    /// Throws `Mistakes` unless only this machine can reach Martlet, since the demo's passwords are public.
    init(_ configuration: Configuration, port: Int) throws {
        issuer = configuration.issuers[0]
        guard !issuer.isSecure else {
            throw Mistakes(["--demo: the demo's passwords are public; use an issuer on http://localhost"])
        }
        switch configuration.address {
        case .host("127.0.0.1", _), .host("localhost", _), .host("::1", _), .unixSocket: break
        case .host: throw Mistakes(["--demo: the demo's passwords are public; listen on 127.0.0.1 only"])
        }
        upstream = try Issuer(issuer.identifier + "/demo-upstream")
        self.port = port
    }

    /// Returns the configuration with the second issuer.
    func configuration(from configuration: Configuration) -> Configuration {
        configuration.issuers.contains(upstream)
            ? configuration : configuration.adding(upstream, named: "Demo Upstream")
    }

    func apply(to composition: Composition) async throws {
        for (issuer, file) in [(upstream, PackageResources.demo_upstream_yaml), (issuer, PackageResources.demo_yaml)] {
            let text = String(decoding: file, as: UTF8.self)
                .replacing("http://localhost:8081/", with: "http://localhost:\(port)/")
                .replacing("http://localhost:8080", with: self.issuer.identifier)
            let document = try DocumentFile(text: text, path: "demo.yaml").document
            _ = try await composition.administration(issuer).apply(try ResourceSet(document))
        }
    }

    func site(_ fetcher: any Fetcher) -> StaticSite {
        let config: JSONObject = [
            "issuer": .string(issuer.identifier), "client_id": "demo-spa",
            "scope": "openid profile email",
        ]
        let files: [String: StaticSite.File] = [
            "/": .init(type: "text/html; charset=utf-8", bytes: PackageResources.index_html),
            "/demo.js": .init(type: "text/javascript; charset=utf-8", bytes: PackageResources.demo_js),
            "/demo.css": .init(type: "text/css; charset=utf-8", bytes: PackageResources.demo_css),
            "/config.json": .init(type: "application/json", bytes: config.serialized()),
        ]
        return StaticSite(
            settings: ServerSettings(address: .host("127.0.0.1", port: port), proxies: .none), files: files,
            pages: DemoTelevision(issuer, fetcher).pages,
            policy: "default-src 'self'; connect-src 'self' \(issuer.identifier); frame-ancestors 'none'")
    }

    func greet() {
        Terminal.say(
            """

              Martlet        \(issuer.identifier)
              Demo           http://localhost:\(port)
              Demo TV        http://localhost:\(port)\(DemoTelevision.path)

              Sign in as     alice  with password  down-the-rabbit-hole
              or as          bob    with password  the-walrus-and-the-carpenter
              or with        Demo Upstream, a second issuer in this process,
              as             dinah  with password  curiouser-and-curiouser

              Press Ctrl-C to stop. Your data is kept for the next start.

            """)
    }
}
