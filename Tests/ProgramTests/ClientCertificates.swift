import Authenticators
import Foundation
import JOSE
import TestSupport
import Testing

/// The files of the clients, of the server, and of the authority that the operator trusts.
struct ClientCertificates {
    /// Signed by the authority, through an intermediate.
    let bank: TestChain.Presentation
    /// With the same subject, from an authority that nobody trusts.
    let forged: TestChain.Presentation
    let folder: Folder

    init() throws {
        folder = try Folder()
        func chain() throws -> TestChain.Presentation {
            // Valid now, by the system's clock.
            try TestChain { chain in
                for link in [\TestChain.root, \.intermediate, \.leaf] {
                    chain[keyPath: link].notBefore = Date() - 3_600
                    chain[keyPath: link].notAfter = Date() + 3_600
                }
                chain.leaf.name = "bank"
            }.presented()
        }
        (bank, forged) = (try chain(), try chain())
        try folder.write("client-ca.pem", TestChain.pem(bank.root.der))
        for (name, client) in [("bank", bank), ("forged", forged)] {
            try folder.write("\(name).pem", client.certificates.map { TestChain.pem($0) }.joined())
            try folder.write("\(name).key", client.key)
        }
        try make("server", "localhost")
        try make("self", "self")
        try folder.write("resources.yaml", try resources())
    }

    /// Makes a self-signed certificate.
    private func make(_ file: String, _ name: String) throws {
        _ = try run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                "\(file).key", "-out", "\(file).pem",
            ])
    }

    private func resources() throws -> String {
        let pem = try String(contentsOf: folder.url.appending(path: "self.pem"), encoding: .utf8)
        let der = pem.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        // The last 64 bytes of the key's SubjectPublicKeyInfo are the point.
        let key = try run("/usr/bin/openssl", ["pkey", "-in", "self.key", "-pubout", "-outform", "DER"])
        let point = Array(key.suffix(64))
        let jwk = """
            {"kty": "EC", "crv": "P-256", "x": "\(Base64URL.encode(point.prefix(32)))", \
            "y": "\(Base64URL.encode(point.suffix(32)))", "x5c": ["\(der)"]}
            """
        return """
            clients:
              - client_id: bank
                grant_types: [client_credentials]
                token_endpoint_auth_method: tls_client_auth
                tls_client_auth_subject_dn: CN=bank
                tls_client_certificate_bound_access_tokens: true
                scope: accounts.read
              - client_id: self
                grant_types: [client_credentials]
                token_endpoint_auth_method: self_signed_tls_client_auth
                jwks: {"keys": [\(jwk)]}
                scope: accounts.read
            resource_servers:
              - identifier: https://api.example.com
                scopes: [accounts.read]
            """
    }

    private func run(_ program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder.url
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }

    /// Runs curl with the certificate of `client`, if any. Returns the status and the body; the status is 0 if the
    /// connection failed.
    func curl(_ url: String, as client: String? = nil, _ arguments: [String] = []) throws -> (status: Int, body: String)
    {
        let own = client.map { ["--cert", "\($0).pem", "--key", "\($0).key"] } ?? []
        let output = try run(
            "/usr/bin/curl",
            ["--silent", "--cacert", "server.pem", "--max-time", "30", "--write-out", "\n%{http_code}"] + own
                + arguments
                + [url])
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.last.flatMap { Int($0) } ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    /// Asks for a token in the name of `client`, with a certificate.
    func token(
        at url: String, for client: String, with certificate: String?, _ arguments: [String] = []
    ) throws -> (status: Int, body: String) {
        try curl(
            url, as: certificate, ["-d", "grant_type=client_credentials", "-d", "client_id=\(client)"] + arguments)
    }
}
