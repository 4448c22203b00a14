import Authenticators
import Crypto
import Foundation
import HTTPTypes
import IdentityProvider
import JOSE
import SwiftASN1
import Synchronization
import TestSupport
import Testing
import X509

@Suite("RFC 8705 §2: client authentication by certificates")
struct CertificateAuthenticationTests {
    private static let failed: JSONObject = [
        "error": "invalid_client", "error_description": "client authentication failed",
    ]

    /// An issuer with one client of `metadata`, called `bank`.
    private func issuer(
        _ metadata: JSONObject, trusting roots: [X509Certificate] = [], place: MutualTLS.Place = .port(8_443)
    ) async throws -> TestIssuer {
        let authorities = roots.isEmpty ? nil : ClientAuthorities(TrustAnchors(roots))
        return try await issuer(metadata, MutualTLS(at: place, trusting: authorities))
    }

    private func issuer(_ metadata: JSONObject, _ mutualTLS: MutualTLS?) async throws -> TestIssuer {
        let issuer = try await TestIssuer { $0.mutualTLS = mutualTLS }
        var client: JSONObject = [
            "client_id": "bank", "grant_types": ["client_credentials"], "scope": "orders.read",
        ]
        client.merge(metadata)
        _ = try await issuer.administration.apply(ResourceSet(["clients": [.object(client)]]))
        return issuer
    }

    private func ask(
        _ issuer: TestIssuer, _ certificates: [[UInt8]], as client: String? = "bank", headers: HTTPFields = [:],
        from address: String = "127.0.0.1"
    ) async throws -> Response {
        try await issuer.send(
            .post, "/token",
            form: [("grant_type", "client_credentials")] + (client.map { [("client_id", $0)] } ?? []), headers: headers,
            from: address, certificates: certificates)
    }

    private func reason(_ issuer: TestIssuer) async throws -> JSON? {
        try await issuer.recorded().last { $0.event == "client_authentication_failed" }?.details["reason"]
    }

    private static func byAuthority(_ member: String, _ value: JSON) -> JSONObject {
        ["token_endpoint_auth_method": "tls_client_auth", member: value]
    }

    private static let bySubject = byAuthority("tls_client_auth_subject_dn", "CN=Leaf")

    private static func selfSigned(_ keys: JSONObject...) -> JSONObject {
        [
            "token_endpoint_auth_method": "self_signed_tls_client_auth",
            "jwks": ["keys": .array(keys.map(JSON.object))],
        ]
    }

    /// The public key of a link as a JWK.
    private static func jwk(_ link: TestChain.Link) throws -> JSONObject {
        let point = try #require(P256.Signing.PublicKey(link.key.publicKey)).rawRepresentation
        return [
            "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(point.prefix(32))),
            "y": .string(Base64URL.encode(point.suffix(32))),
        ]
    }

    private static func selfIssued(_ change: (inout TestChain.Link) -> Void = { _ in }) throws
        -> (link: TestChain.Link, certificate: X509Certificate)
    {
        var link = TestChain.Link(name: "Self")
        change(&link)
        return (link, try TestChain.issue(link, by: link))
    }

    @Test("RFC8705-001: a client with tls_client_auth names itself with client_id and presents its certificate")
    func byAuthority() async throws {
        let chain = try TestChain().presented()
        let issuer = try await issuer(Self.bySubject, trusting: [chain.root])
        #expect(try await ask(issuer, chain.certificates).status == .ok)
        // With the root, as some clients send it.
        #expect(try await ask(issuer, chain.certificates + [chain.root.der]).status == .ok)
        let unnamed = try await ask(issuer, chain.certificates, as: nil)
        #expect(unnamed.status == .unauthorized)
        #expect(try unnamed.json() == Self.failed)
        // The other endpoints where clients authenticate.
        for path in ["/introspect", "/revoke"] {
            let form = [("token", "rubbish"), ("client_id", "bank")]
            let right = try await issuer.send(.post, path, form: form, certificates: chain.certificates)
            #expect(right.status == .ok, "\(path)")
            #expect(try await issuer.send(.post, path, form: form).json() == Self.failed, "\(path)")
        }
    }

    @Test("RFC8705-002: any other certificate gives invalid_client, and only the audit log says why")
    func refused() async throws {
        let chain = TestChain()
        let right = try chain.presented()
        let issuer = try await issuer(Self.bySubject, trusting: [right.root])
        func presented(_ change: (inout TestChain) throws -> Void) throws -> [[UInt8]] {
            var changed = chain
            try change(&changed)
            return try changed.presented().certificates
        }
        let moment = TestChain.moment
        let refusals: [(String, [[UInt8]], JSON)] = [
            ("none", [], "no_certificate"),
            ("another subject", try presented { $0.leaf.name = "Other" }, "other_subject"),
            ("a subject that only starts the same", try presented { $0.leaf.name = "Leaf2" }, "other_subject"),
            (
                "another authority with the same names", try TestChain().presented().certificates,
                "untrusted_certificate"
            ),
            ("expired", try presented { $0.leaf.notAfter = moment - 1 }, "untrusted_certificate"),
            ("not yet valid", try presented { $0.leaf.notBefore = moment + 1 }, "untrusted_certificate"),
            ("expired authority", try presented { $0.intermediate.notAfter = moment - 1 }, "untrusted_certificate"),
            ("for servers", try presented { $0.leaf.purposes = [.serverAuth] }, "untrusted_certificate"),
            ("without its intermediate", [right.leaf.der], "untrusted_certificate"),
            ("self-signed", [try Self.selfIssued { $0.name = "Leaf" }.certificate.der], "untrusted_certificate"),
            ("the authority's own", [right.certificates[1], right.root.der], "other_subject"),
            ("no DER", [[0x30, 0x03, 1, 2, 3]], "invalid_certificate"),
            ("nothing", [[]], "invalid_certificate"),
            ("more after it", [right.leaf.der + [0], right.certificates[1]], "invalid_certificate"),
            ("garbage in the chain", [right.leaf.der, [0x30, 0]], "invalid_certificate"),
            ("too long", [Array(repeating: 0x30, count: 20_000)], "invalid_certificate"),
            (
                "too many", [right.leaf.der] + Array(repeating: right.certificates[1], count: 5),
                "untrusted_certificate"
            ),
        ]
        // From different networks, because failures are throttled.
        for (number, (name, certificates, reason)) in refusals.enumerated() {
            let response = try await ask(issuer, certificates, from: "192.0.\(number).1")
            #expect(response.status == .unauthorized, "\(name)")
            #expect(try response.json() == Self.failed, "\(name)")
            #expect(try await self.reason(issuer) == reason, "\(name)")
        }
        let unknown = try await ask(issuer, right.certificates, as: "nobody")
        #expect(unknown.status == .unauthorized)
        #expect(try unknown.json() == Self.failed)
    }

    @Test("RFC8705-002: the validity is checked at each request, so a certificate that expires stops working")
    func expiry() async throws {
        let chain = try TestChain().presented()
        let issuer = try await issuer(Self.bySubject, trusting: [chain.root])
        #expect(try await ask(issuer, chain.certificates).status == .ok)
        issuer.clock.advance(by: 1_001)
        #expect(try await ask(issuer, chain.certificates).json() == Self.failed)
    }

    private static let names: [(member: String, right: JSON, kind: GeneralName, wrong: [GeneralName])] = [
        (
            "tls_client_auth_san_dns", "client.example", .dnsName("client.example"),
            [.dnsName("*.example"), .dnsName("client.example.evil.test"), .uniformResourceIdentifier("client.example")]
        ),
        (
            "tls_client_auth_san_uri", "https://client.example/a",
            .uniformResourceIdentifier("https://client.example/a"),
            [.uniformResourceIdentifier("https://client.example/A"), .dnsName("https://client.example/a")]
        ),
        (
            "tls_client_auth_san_ip", "2001:DB8:0::1",
            .ipAddress(ASN1OctetString(contentBytes: [0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
            [.ipAddress(ASN1OctetString(contentBytes: [192, 0, 2, 1])), .dnsName("2001:db8::1")]
        ),
        (
            "tls_client_auth_san_ip", "192.0.2.1", .ipAddress(ASN1OctetString(contentBytes: [192, 0, 2, 1])),
            [
                .ipAddress(ASN1OctetString(contentBytes: [192, 0, 2, 2])),
                .ipAddress(ASN1OctetString(contentBytes: [1])),
            ]
        ),
        (
            "tls_client_auth_san_email", "ops@client.example", .rfc822Name("ops@client.example"),
            [.rfc822Name("OPS@client.example"), .rfc822Name("client.example"), .dnsName("ops@client.example")]
        ),
    ]

    @Test("RFC8705-002: the certificate has the registered alternative name, exactly and of the same kind")
    func alternativeNames() async throws {
        for (member, right, kind, wrong) in Self.names {
            var chain = TestChain()
            func presented(_ names: [GeneralName]) throws -> TestChain.Presentation {
                chain.leaf.others = [try .init(SubjectAlternativeNames(names), critical: false)]
                return try chain.presented()
            }
            let named = try presented([.dnsName("first.example"), kind])
            let issuer = try await issuer(Self.byAuthority(member, right), trusting: [named.root])
            #expect(try await ask(issuer, named.certificates).status == .ok, "\(right)")
            for other in wrong {
                #expect(try await ask(issuer, presented([other]).certificates).json() == Self.failed, "\(other)")
                #expect(try await reason(issuer) == "other_subject")
            }
        }
    }

    @Test(
        "RFC8705-003: exactly one tls_client_auth_* member is registered, and it can be compared",
        arguments: [
            ([:], "tls_client_auth_subject_dn: is required"),
            (
                ["tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a"],
                "tls_client_auth_san_dns: cannot be"
            ),
            (["tls_client_auth_subject_dn": ""], "must be a distinguished name"),
            (["tls_client_auth_subject_dn": "a"], "must be a distinguished name"),
            (["tls_client_auth_subject_dn": "emailAddress=a@b"], "unknown attribute emailAddress"),
            (["tls_client_auth_san_dns": "*.example.com"], "without a wildcard"),
            (["tls_client_auth_san_dns": ""], "tls_client_auth_san_dns: must be"),
            (["tls_client_auth_san_uri": "no uri"], "must be an absolute URI"),
            (["tls_client_auth_san_ip": "10.0.0.0/8"], "must be an IPv4 or IPv6 address"),
            (["tls_client_auth_san_email": "example.com"], "must be an email address"),
            (["tls_client_auth_san_dns": 1], "tls_client_auth_san_dns: must be a string"),
        ] as [(JSONObject, String)])
    func registration(_ members: JSONObject, _ problem: String) {
        var metadata: JSONObject = [
            "client_id": "bank", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "tls_client_auth",
        ]
        metadata.merge(members)
        let error = #expect(throws: InvalidDocument.self) { try Client(metadata) }
        let problems = error?.problems.map { "\($0.member): \($0.reason)" } ?? []
        #expect(problems.count == 1 && problems[0].contains(problem), "\(problems)")
    }

    @Test("RFC8705-003: a subject or certificate is registered only for the method that uses it")
    func foreignMembers() throws {
        let other: JSONObject = [
            "client_id": "a", "grant_types": [], "token_endpoint_auth_method": "none", "tls_client_auth_san_dns": "a",
        ]
        let error = #expect(throws: InvalidDocument.self) { try Client(other) }
        #expect(error?.problems.first?.reason == "is allowed only for tls_client_auth")
        // RFC 7517 §4.7: an x5c of another key, or none at all.
        let (own, another) = (try Self.selfIssued(), try Self.selfIssued())
        for x5c in [[.string(Data(another.certificate.der).base64EncodedString())], [], ["%"], "text"] as [JSON] {
            var key = try Self.jwk(own.link)
            key["x5c"] = x5c
            var metadata = Self.selfSigned(key)
            metadata["client_id"] = "a"
            metadata["grant_types"] = []
            let error = #expect(throws: InvalidDocument.self) { try Client(metadata) }
            #expect(error?.problems.first?.member == "jwks")
        }
        let keyless = #expect(throws: InvalidDocument.self) {
            try Client([
                "client_id": "a", "grant_types": [], "token_endpoint_auth_method": "self_signed_tls_client_auth",
            ])
        }
        #expect(keyless?.problems.first?.reason == "or jwks_uri is required for self_signed_tls_client_auth")
    }

    @Test("RFC8705-004: a self-signed certificate has a key of the client's jwks")
    func selfSigned() async throws {
        let (own, other, third) = (try Self.selfIssued(), try Self.selfIssued(), try Self.selfIssued())
        var encryption = try Self.jwk(third.link)
        encryption["use"] = "enc"
        let issuer = try await issuer(Self.selfSigned(try Self.jwk(own.link), encryption))
        #expect(try await ask(issuer, [own.certificate.der]).status == .ok)
        // A new certificate of the same key.
        #expect(try await ask(issuer, [try TestChain.issue(own.link, by: own.link).der]).status == .ok)
        // Nobody vouches for it, so neither does anything after it (§2.2).
        #expect(try await ask(issuer, [own.certificate.der, [0]]).status == .ok)
        for certificates in [
            [other.certificate.der], [third.certificate.der], [other.certificate.der, own.certificate.der],
        ] {
            #expect(try await ask(issuer, certificates).json() == Self.failed)
            #expect(try await reason(issuer) == "unregistered_certificate")
        }
        #expect(try await ask(issuer, []).json() == Self.failed)
        #expect(try await ask(issuer, [own.certificate.der], as: nil).json() == Self.failed)
    }

    @Test("RFC8705-004: keys of every supported kind, each matched only by its own certificate")
    func kinds() async throws {
        let (p384, p521) = (P384.Signing.PrivateKey(), P521.Signing.PrivateKey())
        let ed25519 = Curve25519.Signing.PrivateKey()
        func curve(_ name: String, _ point: Data) -> JSONObject {
            let half = point.count / 2
            return [
                "kty": "EC", "crv": .string(name), "x": .string(Base64URL.encode(point.prefix(half))),
                "y": .string(Base64URL.encode(point.suffix(half))),
            ]
        }
        let keys: [(Certificate.PrivateKey, Certificate.SignatureAlgorithm, JSONObject)] = [
            (.init(p384), .ecdsaWithSHA384, curve("P-384", p384.publicKey.rawRepresentation)),
            (.init(p521), .ecdsaWithSHA512, curve("P-521", p521.publicKey.rawRepresentation)),
            (
                .init(ed25519), .ed25519,
                [
                    "kty": "OKP", "crv": "Ed25519",
                    "x": .string(Base64URL.encode(ed25519.publicKey.rawRepresentation)),
                ]
            ),
        ]
        for (key, algorithm, jwk) in keys {
            let own = try Self.selfIssued { ($0.key, $0.algorithm) = (key, algorithm) }
            let issuer = try await issuer(Self.selfSigned(jwk))
            #expect(try await ask(issuer, [own.certificate.der]).status == .ok)
            #expect(try await ask(issuer, [try Self.selfIssued().certificate.der]).json() == Self.failed)
        }
    }

    @Test("RFC8705-004: a key with x5c is matched only by that very certificate")
    func registeredCertificate() async throws {
        let own = try Self.selfIssued()
        var key = try Self.jwk(own.link)
        key["x5c"] = [.string(Data(own.certificate.der).base64EncodedString())]
        let issuer = try await issuer(Self.selfSigned(key))
        #expect(try await ask(issuer, [own.certificate.der]).status == .ok)
        let renewed = try TestChain.issue(own.link, by: own.link)
        #expect(try await ask(issuer, [renewed.der]).json() == Self.failed)
    }

    /// Serves one JWK Set, which a test replaces.
    private final class KeySite: Fetcher {
        private let keys = Mutex<JSONObject>([:])
        func publish(_ key: JSONObject) { keys.withLock { $0 = ["keys": [.object(key)]] } }

        func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
            guard request.url == "https://bank.example/jwks" else { throw FetchError.unknownHost(request.url) }
            return FetchResponse(status: 200, body: keys.withLock { $0.serialized() })
        }
    }

    @Test("RFC8705-004: keys at jwks_uri count as well, as they are now")
    func remoteKeys() async throws {
        let (first, second) = (try Self.selfIssued(), try Self.selfIssued())
        let site = KeySite()
        site.publish(try Self.jwk(first.link))
        let issuer = try await TestIssuer(fetcher: site) { $0.mutualTLS = MutualTLS(at: .port(8_443)) }
        _ = try await issuer.administration.apply(
            ResourceSet([
                "clients": [
                    [
                        "client_id": "bank", "grant_types": ["client_credentials"], "scope": "orders.read",
                        "token_endpoint_auth_method": "self_signed_tls_client_auth",
                        "jwks_uri": "https://bank.example/jwks",
                    ]
                ]
            ]))
        #expect(try await ask(issuer, [first.certificate.der]).status == .ok)
        #expect(try await ask(issuer, [second.certificate.der]).json() == Self.failed)
        site.publish(try Self.jwk(second.link))
        #expect(try await ask(issuer, [second.certificate.der]).status == .ok)
        #expect(try await ask(issuer, [first.certificate.der]).json() == Self.failed)
    }

    @Test("RFC 8705 §2.2: the registration decides how long a self-signed certificate is valid, not its dates")
    func selfSignedDates() async throws {
        let past = try Self.selfIssued { $0.notAfter = TestChain.moment - 1 }
        let issuer = try await issuer(Self.selfSigned(try Self.jwk(past.link)))
        #expect(try await ask(issuer, [past.certificate.der]).status == .ok)
        _ = try await issuer.administration.apply(
            ResourceSet([
                "clients": [
                    [
                        "client_id": "bank", "grant_types": ["client_credentials"], "scope": "orders.read",
                        "token_endpoint_auth_method": "self_signed_tls_client_auth",
                        "jwks": ["keys": [.object(try Self.jwk(Self.selfIssued().link))]],
                    ]
                ]
            ]))
        // The cached client has expired.
        issuer.clock.advance(by: 31)
        #expect(try await ask(issuer, [past.certificate.der]).json() == Self.failed)
    }

    @Test("a client of another method authenticates by that method, whatever certificate it presents")
    func otherMethods() async throws {
        let chain = try TestChain().presented()
        let issuer = try await issuer(Self.bySubject, trusting: [chain.root])
        let grant = [("grant_type", "client_credentials")]
        let basic: HTTPFields = [
            .authorization: "Basic \(Data("web:web-secret-web-secret-web-secret-1".utf8).base64EncodedString())"
        ]
        for certificates in [chain.certificates, [[1, 2, 3]]] {
            let web = try await issuer.send(
                .post, "/token", form: grant, headers: basic, certificates: certificates)
            #expect(web.status == .ok)
            let post = grant + [("client_id", "post"), ("client_secret", "post-secret-post-secret-post-secret")]
            #expect(try await issuer.send(.post, "/token", form: post, certificates: certificates).status == .ok)
            // A public client gets past authentication.
            let spa = try await issuer.send(
                .post, "/token", form: [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "spa")],
                certificates: certificates)
            #expect(try spa.json()["error"] == "invalid_grant")
        }
        // A certificate replaces no secret, and a secret no certificate.
        #expect(try await ask(issuer, chain.certificates, as: "web").json() == Self.failed)
        let secret = try await issuer.send(
            .post, "/token", form: grant + [("client_id", "bank"), ("client_secret", "x")],
            certificates: chain.certificates)
        #expect(try secret.json() == Self.failed)
        #expect(try await reason(issuer) == "other_method")
    }

    @Test("RFC8705-012: only the authorities of the setting are trusted, and a change of them counts at once")
    func authorities() async throws {
        let (chain, other) = (try TestChain().presented(), try TestChain().presented())
        let authorities = ClientAuthorities(TrustAnchors([chain.root]))
        let issuer = try await issuer(Self.bySubject, MutualTLS(at: .port(8_443), trusting: authorities))
        #expect(try await ask(issuer, chain.certificates).status == .ok)
        #expect(try await ask(issuer, other.certificates).json() == Self.failed)
        authorities.replace(with: TrustAnchors([other.root]))
        #expect(try await ask(issuer, chain.certificates).json() == Self.failed)
        #expect(try await ask(issuer, other.certificates).status == .ok)
        // Without any, nothing is trusted.
        let none = try await self.issuer(Self.bySubject)
        #expect(try await ask(none, chain.certificates).json() == Self.failed)
        #expect(try await reason(none) == "no_authorities")
    }

    @Test("after ten wrong certificates, none is verified until time passes, whether the client exists or not")
    func throttled() async throws {
        let right = try TestChain().presented()
        let issuer = try await issuer(Self.bySubject, trusting: [right.root])
        for client in ["bank", "nobody"] {
            for _ in 0..<10 {
                let wrong = try TestChain().presented().certificates
                #expect(try await ask(issuer, wrong, as: client, from: "192.0.2.1").status == .unauthorized)
            }
            let refused = try await ask(issuer, right.certificates, as: client, from: "192.0.2.1")
            #expect(refused.status == .tooManyRequests)
        }
        #expect(try await ask(issuer, right.certificates, from: "198.51.100.1").status == .ok)
    }

    @Test("the certificate of a public client opens no way around the limit on requests")
    func publicClients() async throws {
        let issuer = try await TestIssuer {
            $0.mutualTLS = MutualTLS(at: .port(8_443))
            $0.limits.requests = RateLimit(burst: 3, perMinute: 1)
        }
        let certificate = try Self.selfIssued().certificate.der
        let form = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "spa")]
        var statuses: [HTTPResponse.Status] = []
        for _ in 0..<5 {
            statuses.append(try await issuer.send(.post, "/token", form: form, certificates: [certificate]).status)
        }
        #expect(statuses.suffix(2) == [.tooManyRequests, .tooManyRequests])
    }
}
