import Authenticators
import Foundation
import JOSE
import TestSupport
import Testing

/// A way for clients to present certificates to the program.
private protocol Site {
    var certificates: ClientCertificates { get }
    var issuer: String { get }
}

extension Site {
    /// The URL of an endpoint for clients with certificates, from the metadata.
    func alias(_ endpoint: String) throws -> String {
        let answer = try certificates.curl("\(issuer)/.well-known/openid-configuration")
        let aliases = try json(answer.body)["mtls_endpoint_aliases"] as? [String: String]
        return try #require(aliases?["\(endpoint)_endpoint"])
    }
}

/// The program with TLS and a listener for certificates.
private struct DirectSite: Site {
    let certificates: ClientCertificates
    let issuer: String
    let program: RunningProgram

    init() async throws {
        let certificates = try ClientCertificates()
        let (port, other) = (try freePort(), try freePort())
        issuer = "https://localhost:\(port)"
        program = try RunningProgram(
            [
                "serve", "--issuer", issuer, "--listen", "127.0.0.1:\(port)", "--tls-certificate", "server.pem",
                "--tls-key", "server.key", "--tls-mutual-listen", "127.0.0.1:\(other)", "--tls-mutual-client-ca",
                "client-ca.pem", "--apply", "resources.yaml",
            ], in: certificates.folder.url)
        self.certificates = certificates
        let (program, issuer) = (program, issuer)
        try await until("the server is ready") {
            guard program.isRunning else { throw Unexpected("the server ended: \(program.output)") }
            return try certificates.curl("\(issuer)/health/ready").status == 200
                && certificates.curl("https://localhost:\(other)/jwks").status == 200
        }
    }
}

/// A proxy that asks for certificates, with the configuration from docs/mutual-tls.
enum CertificateProxy: String, CaseIterable {
    case nginx, caddy

    var field: String { self == .nginx ? "X-SSL-Client-Cert" : "Client-Cert" }

    func configuration(port: Int, martlet: Int, folder: String) throws -> (name: String, text: String) {
        func shipped(_ name: String) throws -> String {
            try String(
                contentsOf: RunningScript.folder.appending(path: "../../docs/mutual-tls/\(name)")
                    .standardizedFileURL,
                encoding: .utf8
            ).replacing("127.0.0.1:8080", with: "127.0.0.1:\(martlet)")
        }
        switch self {
        case .nginx:
            let server = try shipped("nginx.conf")
                .replacing("listen 443 ssl;", with: "listen 127.0.0.1:\(port) ssl;")
                .replacing("server_name mtls.example.com;", with: "server_name localhost;")
                .replacing("Host mtls.example.com;", with: "Host localhost:\(port);")
                .replacing("/etc/ssl/mtls.example.com", with: "\(folder)/server")
            return ("nginx.conf", ForwardProxy.aroundNginx.replacing("SERVER", with: server))
        case .caddy:
            let site = try shipped("Caddyfile")
                .replacing("mtls.example.com {", with: "https://localhost:\(port) {\n\tbind 127.0.0.1")
                .replacing("Host mtls.example.com", with: "Host localhost:\(port)")
                .replacing("\ttls {", with: "\ttls \(folder)/server.pem \(folder)/server.key {")
            return ("Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n\(site)")
        }
    }
}

/// The program behind a real proxy.
private struct ProxiedSite: Site {
    let certificates: ClientCertificates
    let martlet: RunningServer
    let origin: String
    private let proxy: RunningScript
    var issuer: String { martlet.issuer }

    init(_ kind: CertificateProxy) async throws {
        let certificates = try ClientCertificates()
        let port = try freePort()
        let origin = "https://localhost:\(port)"
        martlet = try await RunningServer(
            [
                "--apply", "resources.yaml", "--trusted-proxies", "127.0.0.1/32", "--tls-mutual-proxy-header",
                kind.field,
                // nginx passes on the client's own certificate only, so the intermediate is listed.
                "--tls-mutual-client-ca", "authorities.pem", "--tls-mutual-url", origin,
            ],
            in: try Self.folder(of: certificates))
        let file = try kind.configuration(port: port, martlet: martlet.port, folder: certificates.folder.url.path)
        try certificates.folder.write(file.name, file.text)
        let proxy = try RunningScript(kind.rawValue, [certificates.folder.url.path])
        try await until("\(kind) answers") {
            guard proxy.isRunning else {
                let log = try? String(contentsOf: certificates.folder.url.appending(path: "log"), encoding: .utf8)
                throw Unexpected("\(kind) ended: \(log ?? "")")
            }
            return try certificates.curl("\(origin)/jwks").status == 200
        }
        (self.certificates, self.origin, self.proxy) = (certificates, origin, proxy)
    }

    private static func folder(of certificates: ClientCertificates) throws -> URL {
        let bank = certificates.bank
        try certificates.folder.write("authorities.pem", TestChain.pem(bank.certificates[1], bank.root.der))
        return certificates.folder.url
    }
}

@Suite("RFC 8705: curl with certificates, and the program as it is installed", .serialized)
struct MutualTLSTests {
    private func check(_ site: some Site) throws {
        let (certificates, url) = (site.certificates, try site.alias("token"))
        for client in ["bank", "self"] {
            let answer = try certificates.token(at: url, for: client, with: client)
            #expect(answer.status == 200, "\(client): \(answer)")
            #expect(try json(answer.body)["access_token"] is String)
        }
        let refusals: [(String, String?)] = [
            ("bank", nil), ("bank", "self"), ("bank", "forged"), ("self", nil), ("self", "bank"), ("nobody", "bank"),
        ]
        for (client, certificate) in refusals {
            let answer = try certificates.token(at: url, for: client, with: certificate)
            #expect(answer.status == 401, "\(client) with \(certificate ?? "none"): \(answer)")
            #expect(try json(answer.body)["error"] as? String == "invalid_client")
        }
    }

    /// Checks that the token of one client is bound to its certificate.
    private func checkBinding(_ site: some Site) throws {
        let (certificates, url) = (site.certificates, try site.alias("token"))
        let answer = try certificates.token(at: url, for: "bank", with: "bank")
        let token = try #require(json(answer.body)["access_token"] as? String)
        let path = "/api/auth/validate?audience=https%3A%2F%2Fapi.example.com"
        func validate(_ certificate: String?, at origin: String) throws -> Int {
            try certificates.curl("\(origin)\(path)", as: certificate, ["-H", "Authorization: Bearer \(token)"]).status
        }
        let origin = url.replacing("/token", with: "")
        #expect(try validate("bank", at: origin) == 200)
        for other in ["forged", "self", nil] { #expect(try validate(other, at: origin) == 401) }
        // Where no certificate is asked for, the token can't be used.
        #expect(try validate("bank", at: site.issuer) == 401)
    }

    @Test("RFC8705-005 RFC8705-006: a token that curl got with a certificate is of no use without it")
    func binding() async throws {
        try checkBinding(await DirectSite())
        for proxy in CertificateProxy.allCases { try checkBinding(await ProxiedSite(proxy)) }
    }

    @Test(
        "RFC8705-001 RFC8705-011: clients get tokens at the listener that the metadata names, over HTTP/2 and HTTP/1.1")
    func direct() async throws {
        let site = try await DirectSite()
        try check(site)
        let url = try site.alias("token")
        for version in ["--http1.1", "--http2"] {
            for tls in [["--tlsv1.3"], ["--tlsv1.2", "--tls-max", "1.2"]] {
                let answer = try site.certificates.token(at: url, for: "bank", with: "bank", [version] + tls)
                #expect(answer.status == 200, "\(version) \(tls)")
            }
        }
        // The main listener doesn't ask, so nothing is presented there.
        let main = try site.certificates.token(at: "\(site.issuer)/token", for: "bank", with: "bank")
        #expect(main.status == 401)
        // Pages are only there.
        let origin = url.replacing("/token", with: "")
        #expect(try site.certificates.curl("\(origin)/account", as: "bank").status == 404)
        #expect(try site.certificates.curl("\(site.issuer)/account").status != 404)
    }

    @Test("RFC8705-001 RFC9440-001: clients get tokens through a real proxy", arguments: CertificateProxy.allCases)
    func proxied(_ proxy: CertificateProxy) async throws {
        let site = try await ProxiedSite(proxy)
        try check(site)
        #expect(try site.alias("token") == "\(site.origin)/token")
        // The proxy replaces what a client writes into the field itself.
        let certificate = Data(site.certificates.bank.certificates[0]).base64EncodedString()
        let forged = ["-H", "\(proxy.field): :\(certificate):", "-H", "\(proxy.field)-Chain: :\(certificate):"]
        let answer = try site.certificates.token(at: "\(site.origin)/token", for: "bank", with: nil, forged)
        #expect(answer.status == 401)
        let other = try site.certificates.token(at: "\(site.origin)/token", for: "bank", with: "forged", forged)
        #expect(other.status == 401)
        // Another site behind the same proxy may forward the field as it is, but it counts only at this origin.
        let direct = "\(site.issuer)/token"
        #expect(try site.certificates.token(at: direct, for: "bank", with: nil, forged).status == 401)
        // Pages are only at the issuer.
        #expect(try site.certificates.curl("\(site.origin)/account").status == 404)
        #expect(try site.certificates.curl("\(site.issuer)/account").status != 404)
    }

    @Test("RFC9440-004: the program ignores the field of anyone but a trusted proxy")
    func untrusted() async throws {
        let certificates = try ClientCertificates()
        let server = try await RunningServer(
            [
                "--apply", "resources.yaml", "--trusted-proxies", "192.0.2.0/24", "--tls-mutual-proxy-header",
                "Client-Cert", "--tls-mutual-client-ca", "client-ca.pem", "--tls-mutual-url", "https://localhost:444",
            ], in: certificates.folder.url)
        let chain = certificates.bank.certificates.map { ":\(Data($0).base64EncodedString()):" }
        let forged = ["-H", "Client-Cert: \(chain[0])", "-H", "Client-Cert-Chain: \(chain[1])"]
        for host in ["localhost:\(server.port)", "localhost:444"] {
            let sent = forged + ["-H", "Host: \(host)"]
            #expect(try certificates.token(at: "\(server.issuer)/token", for: "bank", with: nil, sent).status == 401)
        }
    }
}
