import Authenticators
import Foundation
import IdentityProvider
import JOSE
import TestSupport
import Testing

@testable import Server

@Suite("RFC 8705 §3: bound tokens over real connections", .timeLimit(.minutes(1)))
struct BoundTokenTests {
    private static let resources = """
        {"clients": [
            {"client_id": "bank", "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=Leaf",
             "tls_client_certificate_bound_access_tokens": true, "grant_types": ["client_credentials"],
             "scope": "orders.read"}],
         "resource_servers": [{"identifier": "https://api.example.com", "scopes": ["orders.read"]}]}
        """

    private func run(
        configure: @escaping (inout ServerSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (CertificateSite) async throws -> Void
    ) async throws {
        let client = try TestChain().presented()
        let issuer = try await TestIssuer(resources: Self.resources) {
            $0.mutualTLS = MutualTLS(
                at: .origin("https://mtls.example.com"), trusting: ClientAuthorities(TrustAnchors([client.root])))
        }
        try await CertificateSite.run([MountedProvider(issuer.provider)], client: client, configure: configure, body)
    }

    private static let tokenHead = "POST /token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded"
    private static let tokenBody = "grant_type=client_credentials&client_id=bank"

    private func token(in response: String) throws -> String {
        String(try #require(response.firstMatch(of: /"access_token":"([^"]+)"/)).1)
    }

    private func validation(_ token: String) -> String {
        "GET /api/auth/validate?audience=https%3A%2F%2Fapi.example.com HTTP/1.1\r\nAuthorization: Bearer \(token)"
    }

    @Test(
        "RFC8705-002 RFC8705-005: a resumed session authenticates the client and carries its bound token",
        arguments: ["-tls1_2", "-tls1_3"])
    func resumption(_ version: String) async throws {
        try await run { site async throws in
            let session = site.folder.appending(path: "session").path
            let first = try site.ask(
                site.files() + [version, "-sess_out", session], Self.tokenHead, body: Self.tokenBody)
            let token = try token(in: first)
            // The client sends no certificate now, so its chain must come from the session.
            let resumed = [version, "-sess_in", session]
            let again = try site.ask(resumed, Self.tokenHead, body: Self.tokenBody)
            #expect(again.contains("Reused, TLSv1") && again.contains("\"access_token\""))
            let valid = try site.ask(resumed, validation(token))
            #expect(valid.contains("Reused, TLSv1") && valid.contains("\"active\":true"))
            let without = try site.ask([version], validation(token))
            #expect(without.contains("HTTP/1.1 401") && without.contains("\"active\":false"))
        }
    }

    @Test("RFC9440-011: a token bound to a certificate fails without the proxy's field, and works with it")
    func proxied() async throws {
        try await run(
            configure: {
                $0.certificateField = try? CertificateField("Client-Cert", at: "https://a")
                if let proxies = try? TrustedProxies(["127.0.0.1"]) { $0.proxies = proxies }
            },
            { site async throws in
                let chain = site.client.certificates.map { ":\(Data($0).base64EncodedString()):" }
                let fields = "Client-Cert: \(chain[0])\r\nClient-Cert-Chain: \(chain[1])"
                let answer = try site.ask(
                    [], at: site.main, "\(Self.tokenHead)\r\n\(fields)", body: Self.tokenBody)
                let head = validation(try token(in: answer))
                #expect(answer.contains("Cache-Control: no-store"))
                #expect(try site.ask([], at: site.main, "\(head)\r\n\(fields)").contains("\"active\":true"))
                #expect(try site.ask([], at: site.main, head).contains("HTTP/1.1 401"))
                let other = "Client-Cert: \(chain[1])"
                #expect(try site.ask([], at: site.main, "\(head)\r\n\(other)").contains("HTTP/1.1 401"))
                // At the listener for certificates, with the certificate of the connection.
                #expect(try site.ask(site.files(), head).contains("\"active\":true"))
            })
    }
}
