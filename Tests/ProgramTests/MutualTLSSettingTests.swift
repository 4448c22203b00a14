import ArgumentParser
import Authenticators
import Foundation
import IdentityProvider
import TestSupport
import Testing

@testable import Server
@testable import martlet

@Suite("The settings of mutual TLS")
struct MutualTLSSettingTests {
    private func configuration(_ arguments: [String]) throws -> Configuration {
        try Configuration(ConfigurationOptions.parse(arguments), environment: [:], places: [])
    }

    private func mistakes(_ arguments: [String]) throws -> [String] {
        Configuration(drafting: try ConfigurationOptions.parse(arguments), environment: [:], places: []).mistakes
    }

    /// Writes an authority, and a certificate and key for the listener, to `folder`.
    private func files(in folder: Folder) throws -> (authority: String, tls: [String]) {
        let chain = try TestChain().presented()
        try folder.write("ca.pem", TestChain.pem(chain.root.der))
        try folder.write("server.pem", TestChain.pem(chain.leaf.der))
        try folder.write("server.key", chain.key)
        func path(_ name: String) -> String { folder.url.appending(path: name).path }
        return (path("ca.pem"), ["--tls-certificate", path("server.pem"), "--tls-key", path("server.key")])
    }

    @Test("RFC9440-005: without settings, clients can't present certificates")
    func off() throws {
        let configuration = try configuration(["--issuer", "https://id.example"])
        #expect(configuration.mutualTLS == nil)
        #expect(configuration.settings(for: configuration.issuers[0]).mutualTLS == nil)
    }

    @Test("the aliases are at the port of the listener, or at the URL that the operator names")
    func places() throws {
        let folder = try Folder()
        let (authority, tls) = try files(in: folder)
        let listen =
            tls + [
                "--issuer", "https://id.example", "--tls-mutual-listen", "0.0.0.0:8443", "--tls-mutual-client-ca",
                authority,
            ]
        func alias(_ arguments: [String]) throws -> String? {
            let configuration = try configuration(arguments)
            let issuer = configuration.issuers[0]
            return configuration.settings(for: issuer).mutualTLS?.url(Path("/token"), of: issuer)
        }
        #expect(try alias(listen) == "https://id.example:8443/token")
        #expect(try configuration(listen).mutualTLS?.address == .host("0.0.0.0", port: 8_443))
        #expect(try configuration(listen).mutualTLS?.mutualTLS.trustAnchors != nil)
        #expect(try alias(listen + ["--tls-mutual-url", "https://MTLS.example"]) == "https://mtls.example/token")
        let proxied = [
            "--issuer", "https://id.example", "--trusted-proxies", "10.0.0.0/8", "--tls-mutual-proxy-header",
            "Client-Cert", "--tls-mutual-url", "https://id.example:444",
        ]
        #expect(try alias(proxied) == "https://id.example:444/token")
        #expect(try configuration(proxied).mutualTLS?.mutualTLS.trustAnchors == nil)
    }

    /// Certificates at a host that an issuer has as well, where browsers could send the field.
    private static let sameOrigin = [
        ["--issuer", "https://id.example", "--tls-mutual-url", "https://id.example"],
        ["--issuer", "https://ID.example:443/a", "--tls-mutual-url", "https://id.example"],
        ["--issuer", "https://id.example:9000", "--tls-mutual-url", "https://ID.example:9000"],
        ["--issuer", "http://localhost:9000", "--tls-mutual-url", "https://localhost:9000"],
        [
            "--issuer", "https://id.example", "--additional-issuers", "https://other.example/b", "--tls-mutual-url",
            "https://other.example",
        ],
    ]

    @Test("every mistake names the setting and the next step")
    func mistaken() throws {
        let folder = try Folder()
        let (authority, tls) = try files(in: folder)
        let proxies = ["--trusted-proxies", "10.0.0.0/8"]
        let field = proxies + ["--tls-mutual-proxy-header", "Client-Cert"]
        let url = ["--tls-mutual-url", "https://mtls.example"]
        let header = field + url
        let examples: [([String], String)] = [
            (["--tls-mutual-client-ca", authority], "--tls-mutual-client-ca: requires tls.mutual.listen or"),
            (["--tls-mutual-url", "https://a.example"], "--tls-mutual-url: requires tls.mutual.listen or"),
            (["--tls-mutual-listen", "0.0.0.0:8443"], "--tls-mutual-listen: requires tls.certificate"),
            (tls + ["--tls-mutual-listen", "nowhere"], "--tls-mutual-listen: must be HOST:PORT"),
            (tls + ["--tls-mutual-listen", "unix:/tmp/x"], "--tls-mutual-listen: must be HOST:PORT"),
            (tls + ["--tls-mutual-listen", "0.0.0.0:0"], "--tls-mutual-listen: must name the port"),
            (header + ["--tls-mutual-client-ca", "/missing.pem"], "cannot read the file /missing.pem"),
            (header + ["--tls-mutual-client-ca", tls[3]], "server.key is not a PEM file of certificates"),
            (
                url + ["--tls-mutual-proxy-header", "Client-Cert"],
                "--tls-mutual-proxy-header: requires trusted_proxies"
            ),
            (
                field,
                "--tls-mutual-proxy-header: requires tls.mutual.url: give clients with certificates a host or port"
            ),
            (
                url + proxies + ["--tls-mutual-proxy-header", "Authorization"],
                "must be Client-Cert or a name that starts"
            ),
            (field + ["--tls-mutual-url", "http://a.example"], "--tls-mutual-url: must be https://HOST"),
            (field + ["--tls-mutual-url", "https://a.example/x"], "--tls-mutual-url: must be https://HOST"),
            (field + ["--tls-mutual-url", "https://a.example/"], "--tls-mutual-url: must be https://HOST"),
            (
                header + ["--issuer", "https://a.example", "--additional-issuers", "https://b.example"],
                "--tls-mutual-url: would be the same for https://a.example and https://b.example"
            ),
        ]
        for (arguments, expected) in examples + Self.sameOrigin.map({ (field + $0, "must differ from") }) {
            let mistakes = try mistakes(arguments)
            #expect(mistakes.count == 1 && mistakes[0].contains(expected), "\(arguments): \(mistakes)")
        }
    }

    @Test("the former setting, which had no effect, is unknown")
    func former() async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "tls: {client_ca: ca.pem}\n")
        let (code, output) = try await RunningProgram.run(["check", "--config", "martlet.yaml"], in: folder.url)
        #expect(code == 78)
        #expect(output.contains("martlet.yaml:1: tls.client_ca: unknown setting"), "\(output)")
    }

    @Test("check notes a client whose method needs certificates that nothing brings")
    func clients() async throws {
        let folder = try Folder()
        let (authority, _) = try files(in: folder)
        try folder.write("martlet.yaml", "issuer: https://id.example\n")
        try folder.write(
            "resources.yaml",
            """
            clients:
              - client_id: bank
                grant_types: []
                token_endpoint_auth_method: tls_client_auth
                tls_client_auth_san_dns: bank.example
            """)
        func check(_ arguments: [String]) async throws -> (code: Int32, output: String) {
            try await RunningProgram.run(
                ["check", "resources.yaml", "--config", "martlet.yaml", "--strict"] + arguments, in: folder.url)
        }
        let off = try await check([])
        #expect(off.code == 78)
        #expect(
            off.output.contains(
                "resources.yaml:4: clients[0].token_endpoint_auth_method: client bank can't authenticate: "
                    + "tls_client_auth needs the setting tls.mutual.listen or tls.mutual.proxy_header"), "\(off.output)"
        )
        let on = [
            "--trusted-proxies", "10.0.0.0/8", "--tls-mutual-proxy-header", "Client-Cert", "--tls-mutual-url",
            "https://mtls.example",
        ]
        #expect(try await check(on).output.contains("needs the setting tls.mutual.client_ca"))
        let trusting = try await check(on + ["--tls-mutual-client-ca", authority])
        #expect(trusting.code == 0, "\(trusting.output)")
    }

    @Test(
        "check notes an authority that has expired or soon will",
        arguments: [(-1.0, "has expired"), (3, "less than 4 days")])
    func expiry(_ days: Double, _ expected: String) async throws {
        let folder = try Folder()
        var chain = TestChain()
        chain.root.notBefore = Date() - 86_400 * 30
        chain.root.notAfter = Date() + 86_400 * days + 3_600
        try folder.write("ca.pem", TestChain.pem(try chain.presented().root.der))
        try folder.write(
            "martlet.yaml",
            """
            trusted_proxies: [10.0.0.0/8]
            tls: {mutual: {url: "https://mtls.example", proxy_header: Client-Cert, client_ca: ca.pem}}
            """)
        let (code, output) = try await RunningProgram.run(["check", "--config", "martlet.yaml"], in: folder.url)
        #expect(code == 0)
        #expect(output.contains("note: tls.mutual.client_ca: an authority in ca.pem "), "\(output)")
        #expect(output.contains(expected), "\(output)")
    }

    @Test("a changed file of authorities is used without a restart; a broken one changes nothing")
    func reload() async throws {
        let (former, new) = (try TestChain().presented(), try TestChain().presented())
        let folder = try Folder()
        try folder.write("ca.pem", TestChain.pem(former.root.der))
        let file = try ClientAuthorityFile(folder.url.appending(path: "ca.pem").path)
        func isTrusted(_ chain: TestChain.Presentation) async throws -> Bool {
            do {
                try await file.authorities.anchors.verify(
                    chain.leaf, intermediates: [X509Certificate(der: chain.certificates[1])], at: TestChain.moment,
                    under: ChainPolicy(for: .clientAuthentication))
                return true
            } catch is UntrustedChain { return false }
        }
        file.reload()
        #expect(try await isTrusted(former))
        try folder.write("ca.pem", "no certificate")
        file.reload()
        #expect(try await isTrusted(former))
        try folder.write("ca.pem", TestChain.pem(new.root.der))
        file.reload()
        #expect(try await !isTrusted(former))
        #expect(try await isTrusted(new))
    }
}
