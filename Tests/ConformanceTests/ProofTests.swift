import Foundation
import Testing

@testable import Conformance

@Suite("The conformance program's DPoP proofs, request objects and certificates, against published values")
struct ProofTests {
    @Test(
        "RFC 9449 §4: published proofs verify with their key, whose thumbprint is jkt",
        arguments: ["dpop-proof-1", "dpop-proof-2", "dpop-proof-3"])
    func publishedProofs(_ name: String) throws {
        let proof = try JWS(Vectors.text(name, "proof"))
        let key = try #require(proof.header["jwk"].flatMap(JWK.init))
        try proof.verify(with: [key])
        #expect(key.thumbprint == Vectors.text(name, "jkt"))
        #expect(JSON.object(proof.claims) == Vectors.named(name)["claims"])
    }

    @Test("RFC 9449 §7.1: ath")
    func hash() {
        let token = Vectors.text("dpop-ath", "access_token")
        #expect(DPoPProof.hash(token) == Vectors.text("dpop-ath", "ath"))
    }

    @Test("RFC 7638 §3.1, RFC 8037 A.3: thumbprints of keys")
    func thumbprints() throws {
        let rsa = try #require(Vectors.named("jwk-thumbprint-rsa")["jwk"].flatMap(JWK.init))
        #expect(rsa.thumbprint == Vectors.text("jwk-thumbprint-rsa", "thumbprint"))
        let ed25519 = try #require(Vectors.named("jws-ed25519")["jwk"].flatMap(JWK.init))
        #expect(ed25519.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect(JWK(["kty": "oct", "k": "AQAB"])?.thumbprint == nil)
    }

    @Test("RFC 9101 §4: the published request object verifies with its key")
    func requestObject() throws {
        let object = try JWS(Vectors.text("jar-request-object", "request_object"))
        try object.verify(with: [try #require(Vectors.named("jar-request-object")["jwk"].flatMap(JWK.init))])
        #expect(JSON.object(object.claims) == Vectors.named("jar-request-object")["claims"])
    }

    @Test("RFC 8705 Appendix A: the thumbprint of a certificate")
    func certificate() {
        let chain = Vectors.text("mtls-x5t-s256", "certificate_pem")
        let certificate = ClientCertificate(chain: chain + "\n" + chain, key: "")
        #expect(certificate.thumbprint == Vectors.text("mtls-x5t-s256", "x5t_s256"))
        #expect(ClientCertificate(chain: "no certificate", key: "").thumbprint == nil)
    }

    @Test("a proof of each key type verifies with the key that it carries, and with no other")
    func proofs() throws {
        let keys = [SigningKey.newP256(), .newEd25519(), try .newPSS(), try .newRSA()]
        #expect(keys.map(\.algorithm) == ["ES256", "Ed25519", "PS256", "RS256"])
        let address = WebAddress("https://id.example.com/userinfo?a=b#c")
        for key in keys {
            let proof = try JWS(DPoPProof("GET", address, by: key, token: "a token", nonce: "n", at: 10.7).signed())
            let jwk = try #require(proof.header["jwk"].flatMap(JWK.init))
            #expect(jwk.secretMembers == [])
            #expect(jwk.thumbprint == key.publicJWK?.thumbprint)
            try proof.verify(with: [jwk])
            let other = try #require(keys.first { $0.algorithm != key.algorithm }?.publicJWK)
            #expect(throws: InvalidSignature.self) { try proof.verify(with: [other]) }
            #expect(proof.header["typ"] == "dpop+jwt")
            #expect(proof.claims["htu"] == "https://id.example.com/userinfo")
            #expect(proof.claims["iat"] == 10)
            #expect(proof.claims["nonce"] == "n")
            #expect(proof.claims["ath"] == .string(DPoPProof.hash("a token")))
        }
    }

    @Test("each altered proof differs from a valid one, and no two have the same jti")
    func alteredProofs() throws {
        let key = SigningKey.newP256()
        let address = WebAddress("https://id.example.com/userinfo")
        for altered in AlteredProofs.invalid + AlteredProofs.invalidForToken + AlteredProofs.valid {
            let good = DPoPProof("GET", address, by: key, token: "a token")
            var bad = good
            altered.change(&bad)
            // `alg` and `jwk` may be missing, and the signature need not verify.
            let (before, after) = (try JWS(good.signed()), try JWS(bad.signed()))
            let jwk = try #require(good.header["jwk"].flatMap(JWK.init))
            let isUnchanged = before.header == after.header && before.claims == after.claims
            #expect(!isUnchanged || (try? after.verify(with: [jwk])) == nil, "\(altered.what)")
        }
        #expect(
            DPoPProof("GET", address, by: key).claims["jti"] != DPoPProof("GET", address, by: key).claims["jti"])
    }

    @Test("private JWKs of every supported type sign, and the RSA key signs with the algorithm of its alg")
    func privateKeys() throws {
        let target = try Target.read(Self.file("Conformance/martlet/target.json"))
        let clients = try #require(target.fapi)
        let keys = clients.compactMap { $0.privateKey.flatMap(SigningKey.init) }
        #expect(keys.map(\.algorithm) == ["PS256", "ES256"])
        #expect(keys.map { $0.withRS256?.algorithm } == ["RS256", nil])
        let edwards = try #require(Vectors.named("jws-ed25519")["jwk"].flatMap(SigningKey.init))
        for key in keys + [edwards] {
            try JWS(key.sign(["a": "b"])).verify(with: [try #require(key.publicJWK)])
        }
    }

    @Test("the clients of Martlet's target have certificates, and their secrets are masked in reports")
    func target() throws {
        let target = try Target.read(Self.file("Conformance/martlet/target.json"))
        for client in try #require(target.fapi) {
            #expect(client.certificate?.thumbprint != nil)
            let secret = try #require(client.privateKey?["d"]?.string)
            #expect(target.secrets.contains(secret))
        }
    }

    private static func file(_ path: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../\(path)").standardizedFileURL
            .path(percentEncoded: false)
    }

    @Test("nonces are kept per origin, and only a demand for one is a challenge")
    func nonces() {
        let nonces = DPoPNonces()
        let token = WebAddress("https://id.example.com/token")
        let challenge = WebAnswer(
            status: 400, headers: [Parameter("DPoP-Nonce", "one")], body: Array(#"{"error":"use_dpop_nonce"}"#.utf8))
        nonces.take(challenge, from: token)
        #expect(nonces[WebAddress("https://id.example.com/userinfo")] == "one")
        #expect(nonces[WebAddress("https://id.example.com:8443/token")] == nil)
        #expect(DPoPNonces.isChallenge(challenge))
        let resource = WebAnswer(
            status: 401,
            headers: [Parameter("DPoP-Nonce", "two"), Parameter("WWW-Authenticate", #"DPoP error="use_dpop_nonce""#)])
        #expect(DPoPNonces.isChallenge(resource))
        #expect(!DPoPNonces.isChallenge(WebAnswer(status: 200, headers: [Parameter("DPoP-Nonce", "two")])))
        #expect(!DPoPNonces.isChallenge(WebAnswer(status: 400, body: Array(#"{"error":"use_dpop_nonce"}"#.utf8))))
    }

    @Test("a request object has the parameters as claims, and the claims parameter as JSON")
    func object() {
        let claims = RequestObject.claims(
            [Parameter("state", "1"), Parameter("claims", #"{"userinfo":{"name":null}}"#)], from: "web",
            to: "https://id.example.com", at: 100.5)
        #expect(claims["state"] == "1")
        #expect(claims["claims"]?["userinfo"]?["name"] == .null)
        #expect(claims["nbf"] == 100)
        #expect(claims["exp"] == 400)
        #expect(claims["aud"] == "https://id.example.com")
    }

    @Test("a connection to an unregistered address is counted")
    func trap() async throws {
        let trap = try LoopbackTrap()
        defer { trap.close() }
        #expect(trap.connections == 0)
        var limits = Transport.Limits()
        limits.seconds = 0.2
        let transport = Transport(limits: limits)
        _ = try? await transport.send(
            WebRequest("GET", WebAddress("http://127.0.0.1:\(trap.port)/")), recording: ExchangeLog())
        await transport.close()
        #expect(trap.connections == 1)
    }
}
