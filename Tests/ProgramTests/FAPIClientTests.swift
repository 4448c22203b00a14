import Authenticators
import Foundation
import JOSE
import TestSupport
import Testing

/// The program behind a real nginx: with the configuration of docs/high-assurance at the issuer, and that of
/// docs/mutual-tls where clients present certificates.
private struct FAPISite {
    static let callback = "https://bank.example/callback"
    let certificates: ClientCertificates
    let issuer: String
    /// Where clients present certificates.
    let certificateOrigin: String
    private let program: RunningProgram
    /// Without TLS, behind nginx.
    private let browser: WebClient
    private let proxy: RunningScript

    private static func resources(_ key: String) -> String {
        let common = """
            redirect_uris: [\(callback)]
                grant_types: [authorization_code, refresh_token]
                scope: openid profile
            """
        return """
            clients:
              - client_id: dpop
                profile: fapi2
                token_endpoint_auth_method: private_key_jwt
                jwks: {"keys": [\(key)]}
                \(common)
              - client_id: bank
                profile: fapi2
                token_endpoint_auth_method: tls_client_auth
                tls_client_auth_subject_dn: CN=bank
                id_token_signed_response_alg: ES256
                \(common)
              - client_id: signing
                profile: fapi2-message-signing
                token_endpoint_auth_method: private_key_jwt
                jwks: {"keys": [\(key)]}
                \(common)
            users:
              - username: alice
                password: correct horse battery
                name: Alice Liddell
            """
    }

    /// `change` makes a mistake in the configuration of nginx.
    init(change: (String) -> String = { $0 }) async throws {
        certificates = try ClientCertificates()
        let (folder, key) = (certificates.folder, try PrivateKey.generate(for: .es256))
        var own = key.object
        own["kid"] = .string(key.publicKey().thumbprint)
        try folder.write("key.json", String(decoding: own.serialized(), as: UTF8.self))
        let published = try #require(key.publicKey().object).serialized()
        try folder.write("resources.yaml", Self.resources(String(decoding: published, as: UTF8.self)))
        let bank = certificates.bank
        try folder.write("authorities.pem", TestChain.pem(bank.certificates[1], bank.root.der))
        let (port, issuerPort, otherPort) = (try freePort(), try freePort(), try freePort())
        let shipped = try [("high-assurance", issuerPort), ("mutual-tls", otherPort)].map { name, listen in
            let file = RunningScript.folder.appending(path: "../../docs/\(name)/nginx.conf").standardizedFileURL
            return try String(contentsOf: file, encoding: .utf8)
                .replacing("127.0.0.1:8080", with: "127.0.0.1:\(port)")
                .replacing("listen 443 ssl;", with: "listen 127.0.0.1:\(listen) ssl;")
                .replacing(/server_name [a-z.]+;/, with: "server_name localhost;")
                .replacing(/Host [a-z]+\.example\.com;/, with: "Host localhost:\(listen);")
                .replacing(/\/etc\/ssl\/[a-z]+\.example\.com/, with: "\(folder.url.path)/server")
        }
        try folder.write("nginx.conf", ForwardProxy.aroundNginx.replacing("SERVER", with: change(shipped.joined())))
        issuer = "https://localhost:\(issuerPort)"
        certificateOrigin = "https://localhost:\(otherPort)"
        program = try RunningProgram(
            [
                "serve", "--issuer", issuer, "--listen", "127.0.0.1:\(port)", "--apply", "resources.yaml",
                "--trusted-proxies", "127.0.0.1/32", "--tls-mutual-proxy-header", "X-SSL-Client-Cert",
                "--tls-mutual-client-ca", "authorities.pem", "--tls-mutual-url", certificateOrigin,
            ], in: folder.url)
        browser = WebClient(origin: "http://localhost:\(port)")
        proxy = try RunningScript("nginx", [folder.url.path])
        let (certificates, issuer, program, proxy) = (certificates, issuer, program, proxy)
        try await until("Martlet answers through nginx") {
            guard program.isRunning else { throw Unexpected("the server ended: \(program.output)") }
            guard proxy.isRunning else { throw Unexpected("nginx ended") }
            return try certificates.curl("\(issuer)/health/ready").status == 200
        }
    }

    /// Signs Alice in at the address that the client opens, and returns the address that her browser is sent back to.
    func signIn(_ address: String) async throws -> String {
        let page = try await browser.follow(browser.get(String(address.dropFirst(issuer.count))))
        let user = [("username", "alice"), ("password", "correct horse battery")]
        let consent = try await browser.follow(browser.post(page.form.action, page.form.fields + user)).form
        let answer = try await browser.follow(
            browser.post(consent.action, consent.fields + [("decision", "allow")]))
        guard let location = answer.header("location") else { throw Unexpected("no redirect: \(answer.body)") }
        return location
    }
}

@Suite("FAPI 2.0 with an independent client, through a real nginx", .serialized, .timeLimit(.minutes(5)))
struct FAPIClientTests {
    @Test(
        "FAPI2-SP-005 FAPI2-SP-008 FAPI2-SP-019 FAPI2-MS-006 FAPI2-MS-007: the flow with DPoP, mutual TLS, and signatures",
        arguments: ["dpop", "bank", "signing"])
    func flow(_ client: String) async throws {
        let site = try await FAPISite()
        let program = try ClientProgram(
            "fapi-client.py", [site.issuer, client, site.certificates.folder.url.path, FAPISite.callback])
        try await program.send(site.signIn(#require(try await program.lines(1).first)))
        let report = try json(#require(try await program.lines(2).last))
        #expect(report["bound"] as? Bool == true)
        #expect(report["token_type"] as? String == (client == "bank" ? "Bearer" : "DPoP"))
        #expect(report["alg"] as? String == (client == "bank" ? "ES256" : "PS256"))
        #expect((report["userinfo"] as? [String: Any])?["name"] as? String == "Alice Liddell")
        #expect(report["refused"] as? [Int] == Array(repeating: 401, count: client == "bank" ? 1 : 4))
        #expect(report["reused_request_uri"] as? Int == 400)
        #expect(report["rotated"] as? Bool == false)
        #expect(report["refreshed"] as? Int == 200)
        #expect(report["introspected"] as? Bool == true)
    }

    @Test(
        "RFC9440-004: a certificate that is only claimed authenticates nobody, whatever host the client names",
        arguments: [false, true])
    func forged(forgets: Bool) async throws {
        // The server at the issuer, which comes first, needs not even remove the field.
        let site = try await FAPISite { file in
            guard forgets else { return file }
            return file.replacing(#/ +proxy_set_header X-SSL-Client-Cert[^\n]*\n/#, with: "", maxReplacements: 2)
        }
        let certificate = Data(site.certificates.bank.certificates[0]).base64EncodedString()
        let forged = ["-H", "X-SSL-Client-Cert: :\(certificate):"]
        let request =
            ["-d", "response_type=code", "-d", "redirect_uri=\(FAPISite.callback)", "-d", "scope=openid"]
            + ["-d", "code_challenge=\(Proof().challenge)", "-d", "code_challenge_method=S256", "-d", "client_id=bank"]
        for origin in [site.issuer, site.certificateOrigin] {
            for host in [site.issuer, site.certificateOrigin, "https://mtls.example.com"] {
                let named = ["-H", "Host: \(host.dropFirst("https://".count))"]
                let answer = try site.certificates.curl("\(origin)/par", request + forged + named)
                #expect(answer.status == 401, "\(origin) \(host): \(answer)")
                #expect(try json(answer.body)["error"] as? String == "invalid_client")
            }
        }
        let right = try site.certificates.curl("\(site.certificateOrigin)/par", as: "bank", request)
        #expect(right.status == 201, "\(right)")
    }
}
