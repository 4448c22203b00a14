import Foundation
import HTTPTypes
import IdentityProvider
import JOSE
import NIOSSL
import TestSupport
import Testing

@testable import Server

/// Responds with the certificates that came with the request. Programs call it.
private struct CertificatesEndpoint: Endpoint {
    let routes = [Route.get(Path("/certificates"), isSharedAcrossOrigins: true)]

    func respond(to request: Request) async throws -> Response {
        .json(["certificates": .array(request.certificates.map { .string(Base64URL.encode($0)) })])
    }
}

@Suite("RFC 8705: the listener that asks clients for certificates", .timeLimit(.minutes(1)))
struct ClientCertificateTests {
    private func run(
        configure: @escaping (inout ServerSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (CertificateSite) async throws -> Void
    ) async throws {
        let provider = MountedProvider(
            issuer: try Issuer("http://localhost:8080"),
            endpoints: [CertificatesEndpoint(), EchoEndpoint(), PageTestEndpoint()])
        try await CertificateSite.run([provider], configure: configure, body)
    }

    private func get(
        _ path: String = "/certificates", at port: Int, _ configuration: TLSConfiguration, fields: String = ""
    ) async throws -> RawResponse? {
        try await RawConnection.run(to: port, tls: configuration) { connection in
            try await connection.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            return try await connection.response()
        }
    }

    @Test(
        "FAPI2-SP-001: the chain comes with each request, in TLS 1.2 and 1.3; older versions are refused",
        arguments: [TLSVersion.tlsv11, .tlsv12, .tlsv13])
    func versions(_ version: TLSVersion) async throws {
        try await run { site async throws in
            let response = try? await get(at: site.port, site.configuration(version))
            #expect(response?.body == (version == .tlsv11 ? nil : site.all))
        }
    }

    @Test(
        "FAPI2-SP-002: endpoints for clients speak only the recommended suites of TLS 1.2",
        arguments: [
            (NIOTLSCipher.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true),
            (.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true), (.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false),
        ])
    func suites(_ suite: NIOTLSCipher, isSpoken: Bool) async throws {
        try await run { site async throws in
            var configuration = try site.configuration(.tlsv12)
            configuration.cipherSuiteValues = [suite]
            let response = try? await get(at: site.port, configuration)
            #expect(response?.body == (isSpoken ? site.all : nil))
        }
    }

    @Test("over HTTP/2, the requests on all streams carry the certificates of their connection")
    func http2() async throws {
        try await run { site async throws in
            var tls = try site.configuration()
            tls.applicationProtocols = ["h2"]
            try await TestClient.run(tls: tls) { client in
                try await withThrowingTaskGroup { tasks in
                    for _ in 0..<20 {
                        tasks.addTask { try await client.get("https://127.0.0.1:\(site.port)/certificates") }
                    }
                    for try await response in tasks {
                        #expect(response.isHTTP2)
                        #expect(response.text == site.all)
                    }
                }
            }
        }
    }

    @Test("a client may leave the certificate out")
    func none() async throws {
        try await run { site async throws in
            #expect(try await get(at: site.port, .client())?.body == CertificateSite.none)
        }
    }

    @Test("RFC9440-007: a certificate that nobody trusts breaks no handshake; the endpoint decides")
    func selfSigned() async throws {
        try await run { site async throws in
            let configuration = try site.configuration(certificates: [site.client.certificates[0]])
            let only = Base64URL.encode(site.client.certificates[0])
            #expect(try await get(at: site.port, configuration)?.body == #"{"certificates":["\#(only)"]}"#)
        }
    }

    @Test("browsers on the main listener are never asked for a certificate", arguments: ["-tls1_2", "-tls1_3"])
    func mainListener(_ version: String) async throws {
        try await run { site async throws in
            let (files, request) = (try site.files(), "CertificateRequest")
            let main = try site.ask(files + [version, "-msg"], at: site.main)
            #expect(main.contains(CertificateSite.none) && !main.contains(request))
            let other = try site.ask(files + [version, "-msg"])
            #expect(other.contains(site.all) && other.contains(request))
        }
    }

    @Test("a resumed session keeps the whole chain, without presenting it again", arguments: ["-tls1_2", "-tls1_3"])
    func resumption(_ version: String) async throws {
        try await run { site async throws in
            let session = site.folder.appending(path: "session").path
            let first = try site.ask(site.files() + [version, "-sess_out", session])
            #expect(first.contains("New, TLSv1") && first.contains(site.all))
            let second = try site.ask([version, "-sess_in", session])
            #expect(second.contains("Reused, TLSv1") && second.contains(site.all))
            // Another connection without a session has no certificate.
            #expect(try site.ask([version]).contains(CertificateSite.none))
        }
    }

    @Test("the proof of the key is no SHA-1 signature (RFC 9155 §2)")
    func signatures() async throws {
        try await run { site async throws in
            let key = site.folder.appending(path: "rsa.pem").path
            let certificate = site.folder.appending(path: "rsa-certificate.pem").path
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [
                "openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "rsa:2048", "-subj", "/CN=a", "-keyout",
                key,
                "-out", certificate,
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            func ask(_ algorithm: String) throws -> String {
                try site.ask([
                    "-tls1_2", "-cert", certificate, "-key", key, "-cipher", "DEFAULT@SECLEVEL=0", "-sigalgs",
                    "ECDSA+SHA256:\(algorithm)",
                ])
            }
            #expect(try ask("RSA+SHA256").contains("{\"certificates\":[\"MII"))
            // The client has no signature that the server asks for, and so no certificate.
            #expect(try ask("RSA+SHA1").contains(CertificateSite.none))
        }
    }

    @Test("a chain that is too long ends the handshake, and the server continues")
    func tooLong() async throws {
        try await run { site async throws in
            let (leaf, authority) = (site.client.certificates[0], site.client.certificates[1])
            let configuration = try site.configuration(certificates: [leaf] + Array(repeating: authority, count: 5))
            let refused = try? await get(at: site.port, configuration)
            #expect(refused == nil)
            #expect(try await get(at: site.port, site.configuration())?.body == site.all)
        }
    }

    @Test("pages are not on the listener for certificates, only what programs call")
    func pages() async throws {
        try await run { site async throws in
            for path in ["/echo", "/page", "/account"] {
                #expect(try await get(path, at: site.port, site.configuration())?.status == 404, "\(path)")
                #expect(try await get(path, at: site.main, .client())?.status == 200, "\(path)")
            }
        }
    }

    @Test(
        "RFC9440-004: on the listener for certificates, no header field stands for one, not even from a trusted proxy")
    func fields() async throws {
        try await run(
            configure: {
                $0.certificateField = try? CertificateField("Client-Cert", at: "https://a")
                if let proxies = try? TrustedProxies(["127.0.0.1"]) { $0.proxies = proxies }
            },
            { site async throws in
                let fields = "Client-Cert: :AQ==:\r\n"
                #expect(try await get(at: site.port, .client(), fields: fields)?.body == CertificateSite.none)
                #expect(try await get(at: site.port, site.configuration(), fields: fields)?.body == site.all)
                #expect(try await get(at: site.main, .client(), fields: fields)?.body == #"{"certificates":["AQ"]}"#)
            })
    }
}

@Suite("Chains of clients whose sessions are resumed")
struct ClientChainsTests {
    @Test("a chain is remembered by its leaf, and the memory is bounded")
    func bounded() {
        let chains = ClientChains()
        chains.remember([[1], [2]])
        #expect(chains.chain(of: [1]) == [[1], [2]])
        #expect(chains.chain(of: [2]) == [[2]])
        for number in 0..<2_000 { chains.remember([[UInt8(number & 255), UInt8(number >> 8), 9], [2]]) }
        let known = (0..<2_000).filter { chains.chain(of: [UInt8($0 & 255), UInt8($0 >> 8), 9]).count == 2 }
        #expect(known.count <= 1_000)
        #expect(chains.chain(of: [207, 7, 9]) == [[207, 7, 9], [2]])
    }
}
