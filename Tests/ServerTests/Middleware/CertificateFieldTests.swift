import Foundation
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@testable import Server

@Suite("RFC 9440: certificates from a proxy", .timeLimit(.minutes(1)))
struct CertificateFieldTests {
    /// Figure 1 of RFC 9440 Appendix A: the client's certificate, its authority, and the root.
    private static let example = """
        MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBB
        dXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAx
        MTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p
        5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIw
        ADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMC
        BsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1w
        bGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMje
        SkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=

        MIIB5jCCAYugAwIBAgIBFjAKBggqhkjOPQQDAjBWMQswCQYDVQQGEwJVUzEbMBkG
        A1UECgwSTGV0J3MgQXV0aGVudGljYXRlMSowKAYDVQQDDCFMZXQncyBBdXRoZW50
        aWNhdGUgUm9vdCBBdXRob3JpdHkwHhcNMjAwMTE0MjEzMjMwWhcNMzAwMTExMjEz
        MjMwWjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxB
        IEludGVybWVkaWF0ZSBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJf+aA54
        RC5pyLAR5yfXVYmNpgd+CGUTDp2KOGhc0gK91zxhHesEYkdXkpS2UN8Kati+yHtW
        CV3kkhCngGyv7RqjZjBkMB0GA1UdDgQWBBRm3WjLa38lbEYCuiCPct0ZaSED2DAf
        BgNVHSMEGDAWgBTEA2Q6eecKu9g9yb5glbkhhVINGDASBgNVHRMBAf8ECDAGAQH/
        AgEAMA4GA1UdDwEB/wQEAwIBhjAKBggqhkjOPQQDAgNJADBGAiEA5pLvaFwRRkxo
        mIAtDIwg9D7gC1xzxBl4r28EzmSO1pcCIQCJUShpSXO9HDIQMUgH69fNDEMHXD3R
        RX5gP7kuu2KGMg==

        MIICBjCCAaygAwIBAgIJAKS0yiqKtlhoMAoGCCqGSM49BAMCMFYxCzAJBgNVBAYT
        AlVTMRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxKjAoBgNVBAMMIUxldCdz
        IEF1dGhlbnRpY2F0ZSBSb290IEF1dGhvcml0eTAeFw0yMDAxMTQyMTI1NDVaFw00
        MDAxMDkyMTI1NDVaMFYxCzAJBgNVBAYTAlVTMRswGQYDVQQKDBJMZXQncyBBdXRo
        ZW50aWNhdGUxKjAoBgNVBAMMIUxldCdzIEF1dGhlbnRpY2F0ZSBSb290IEF1dGhv
        cml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFoaHU+Z5bPKmGzlYXtCf+E6
        HYj62fORaHDOrt+yyh3H/rTcs7ynFfGn+gyFsrSP3Ez88rajv+U2NfD0o0uZ4Pmj
        YzBhMB0GA1UdDgQWBBTEA2Q6eecKu9g9yb5glbkhhVINGDAfBgNVHSMEGDAWgBTE
        A2Q6eecKu9g9yb5glbkhhVINGDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQE
        AwIBhjAKBggqhkjOPQQDAgNIADBFAiEAmAeg1ycKHriqHnaD4M/UDBpQRpkmdcRF
        YGMg1Qyrkx4CIB4ivz3wQcQkGhcsUZ1SOImd/lq1Q0FLf09rGfLQPWDc
        """.components(separatedBy: "\n\n").map { $0.replacing("\n", with: "") }

    private static let field = try! CertificateField("Client-Cert", at: "https://a")

    private func take(
        _ values: [String], chain: [String] = [], by field: CertificateField = CertificateFieldTests.field
    ) -> Result<[[UInt8]], OAuthError> {
        var fields: HTTPFields = [.accept: "*/*"]
        for value in values { fields.append(HTTPField(name: field.name, value: value)) }
        for value in chain { fields.append(HTTPField(name: field.chainName, value: value)) }
        let taken = field.take(from: &fields)
        #expect(fields == [.accept: "*/*"])
        return taken
    }

    private func isRefused(_ values: [String], chain: [String] = []) -> Bool {
        guard case .failure(let error) = take(values, chain: chain) else { return false }
        return error.code == .invalidRequest
    }

    private func sequence(_ bytes: [UInt8]) -> String { ":\(Data(bytes).base64EncodedString()):" }

    @Test("RFC9440-012: the example of Appendix A, with the root in the chain")
    func example() throws {
        let values = Self.example.map { ":\($0):" }
        let certificates = try take([values[0]], chain: ["\(values[1]), \(values[2])"]).get()
        #expect(certificates.map { Data($0).base64EncodedString() } == Self.example)
    }

    @Test("RFC9440-001: the value is one byte sequence")
    func byteSequence() throws {
        #expect(try take([":AQID:"]).get() == [[1, 2, 3]])
        for value in [
            "AQID", ":AQID", "AQID:", ":", "::", ": AQID:", ":AQ ID:", ":AQ\tID:", ":AQID:;a=1",
            "\"AQID\"",
            ":AQID=:", ":AQ:", ":-_8=:", ":AQID:AQID:", ":%41QID:", "1", "?1", "", "(null)", "none",
            // PEM without percent-encoding.
            "-----BEGIN CERTIFICATE----- AQID -----END CERTIFICATE-----",
        ] {
            #expect(isRefused([value]), "\(value)")
        }
    }

    @Test("RFC9440-002: several values are refused, on one line or several")
    func several() {
        for values in [[":AQID:", ":AQID:"], [":AQID:, :AQID:"], [":AQID:,:AQID:"], [":AQID:", ""]] {
            #expect(isRefused(values), "\(values)")
        }
    }

    @Test("RFC9440-003: the chain is a list in the order of TLS, on one line or several")
    func chain() throws {
        for chain in [[":Ag==:, :Aw==:"], [":Ag==:", ":Aw==:"], [":Ag==:,:Aw==:"], [":Ag==: ,\t:Aw==:"]] {
            #expect(try take([":AQ==:"], chain: chain).get() == [[1], [2], [3]], "\(chain)")
        }
        for chain in [[""], [":Ag==:,"], [",:Ag==:"], [":Ag==:, Aw=="], ["Ag=="], [":Ag==:;a"], [":Ag==: :Aw==:"]] {
            #expect(isRefused([":AQ==:"], chain: chain), "\(chain)")
        }
        // It says nothing without the client's own certificate.
        #expect(isRefused([], chain: [":Ag==:"]))
    }

    @Test("RFC9440-006: without the field, the client presented no certificate")
    func absent() throws { #expect(try take([]).get() == []) }

    /// As nginx writes it: everything but unreserved characters is encoded.
    private func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = Character(Unicode.Scalar(byte))
            return scalar.isLetter || scalar.isNumber || "-._~".contains(scalar)
                ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    @Test("a certificate in percent-encoded PEM, as nginx passes $ssl_client_escaped_cert")
    func escapedPEM() throws {
        let certificate = try TestChain().presented().certificates[0]
        let pem = TestChain.pem(certificate)
        #expect(try take([escaped(pem)]).get() == [certificate])
        #expect(try take([escaped(pem).replacing("%2B", with: "%2b")]).get() == [certificate])
        for text in [
            pem + pem, "x" + pem, pem + "x", pem.replacing("CERTIFICATE", with: "PRIVATE KEY"),
            pem.replacing("-----END CERTIFICATE-----\n", with: ""),
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
            pem.replacing("M", with: "%"), "",
        ] {
            #expect(isRefused([escaped(text)]), "\(text)")
        }
        let broken = escaped(pem)
        for value in [broken + "%", broken + "%0", broken + "%zz", broken.replacing("%0A", with: "%+1")] {
            #expect(isRefused([value]), "\(value)")
        }
        #expect(isRefused([escaped(pem), escaped(pem)]))
        #expect(isRefused([escaped(pem)], chain: [":Ag==:"]))
    }

    @Test(
        "the field is Client-Cert or one of the operator's own, which no other part reads",
        arguments: [
            ("Client-Cert", true), ("client-cert", true), ("X-SSL-Client-Cert", true), ("Authorization", false),
            ("Cookie", false), ("Host", false), ("X-Forwarded-For", false), ("X-Request-Id", false), ("a b", false),
            ("", false), (":path", false),
        ])
    func name(_ name: String, isAllowed: Bool) {
        #expect(((try? CertificateField(name, at: "https://a")) != nil) == isAllowed)
    }

    /// Responds with the certificates and fields that reached it.
    private struct CertificateEndpoint: Endpoint {
        let routes = Route.page(Path("/certificates"))

        func respond(to request: Request) async throws -> Response {
            .json([
                "certificates": .array(request.certificates.map { .string(Base64URL.encode($0)) }),
                "fields": .array(request.headers.map { .string($0.name.canonicalName) }),
            ])
        }
    }

    private func send(
        _ fields: String, to host: String = "a", trusted: [String], field: CertificateField? = field
    ) async throws -> RawResponse {
        try await TestServer.run(
            [CertificateEndpoint()],
            configure: {
                $0.certificateField = field
                if let proxies = try? TrustedProxies(trusted) { $0.proxies = proxies }
            }
        ) { server in
            try await RawConnection.run(to: server.port) { connection in
                try await connection.send("GET /certificates HTTP/1.1\r\nHost: \(host)\r\n\(fields)\r\n")
                return try #require(try await connection.response())
            }
        }
    }

    @Test("RFC9440-004: only a trusted proxy is believed; the field of anyone else is removed")
    func trust() async throws {
        let both = "Client-Cert: :AQ==:\r\nClient-Cert-Chain: :Ag==:\r\n"
        let believed = try await send(both, trusted: ["127.0.0.1"])
        #expect(believed.body.contains(#""certificates":["AQ","Ag"]"#))
        let ignored = try await send(both, trusted: ["10.0.0.0/8"])
        #expect(ignored.body.contains(#""certificates":[]"#))
        // What it says doesn't matter then.
        #expect(try await send("Client-Cert: x\r\nClient-Cert: y\r\n", trusted: []).status == 200)
        for response in [believed, ignored] { #expect(!response.body.contains("client-cert")) }
        // A field that claims to come from a proxy's client makes nobody a proxy.
        let forged = try await send(both + "X-Forwarded-For: 10.0.0.1\r\n", trusted: ["10.0.0.0/8"])
        #expect(forged.body.contains(#""certificates":[]"#))
    }

    @Test(
        "RFC9440-004: the field counts only at the URL for certificates, because proxies may forward other hosts as they are",
        arguments: [
            ("mtls.example.com", true), ("MTLS.example.com", true), ("mtls.example.com:443", true), ("a", false),
            ("mtls.example.com:8443", false), ("mtls.example.com.evil.test", false), ("", false),
        ])
    func host(_ host: String, isBelieved: Bool) async throws {
        let field = try CertificateField("Client-Cert", at: "https://mtls.example.com")
        let response = try await send("Client-Cert: :AQ==:\r\n", to: host, trusted: ["127.0.0.1"], field: field)
        #expect(response.body.contains(isBelieved ? #""certificates":["AQ"]"# : #""certificates":[]"#))
        #expect(!response.body.contains("client-cert"))
    }

    @Test("RFC9440-002 RFC9440-007: a malformed value from a trusted proxy gives 400, not a broken connection")
    func malformed() async throws {
        for fields in [
            "Client-Cert: x\r\n", "Client-Cert: :AQ==:\r\nclient-cert: :AQ==:\r\n", "Client-Cert-Chain: :AQ==:\r\n",
        ] {
            let response = try await send(fields, trusted: ["127.0.0.1"])
            #expect(response.status == 400)
            #expect(response.body.contains("invalid_request"))
        }
    }

    @Test("RFC9440-005: without the setting, the field has no meaning")
    func off() async throws {
        let response = try await send("Client-Cert: :AQ==:\r\n", trusted: ["127.0.0.1"], field: nil)
        #expect(response.status == 200)
        #expect(response.body.contains(#""certificates":[]"#))
    }

    @Test("RFC9440-009 RFC9440-008: no response carries the field, and none may be cached")
    func responses() async throws {
        for fields in ["Client-Cert: :AQ==:\r\n", "Client-Cert: x\r\n", ""] {
            let response = try await send(fields, trusted: ["127.0.0.1"])
            #expect(response.fields.keys.allSatisfy { !$0.hasPrefix("client-cert") })
            #expect(response.fields["cache-control"] == "no-store")
        }
    }

    @Test("RFC9440-010: a long chain fits into the header section, and a longer one gives 431")
    func size() async throws {
        let long = "Client-Cert: \(sequence(Array(repeating: 1, count: 4_000)))\r\n"
        let chain = (0..<4).map { _ in "Client-Cert-Chain: \(sequence(Array(repeating: 2, count: 4_000)))\r\n" }
            .joined()
        #expect(try await send(long + chain, trusted: ["127.0.0.1"]).status == 200)
        #expect(try await send(long + chain + chain, trusted: ["127.0.0.1"]).status == 431)
    }
}
