import Foundation
import Testing

@testable import Conformance

@Suite("The conformance program's own JOSE and PKCE, against published values")
struct SignatureTests {
    @Test(
        "published signatures verify, and others don't",
        arguments: [
            "jws-rs256", "jws-es256", "jws-es512", "jws-ed25519", "rfc7520-4.1-rs256", "rfc7520-4.2-ps384",
            "rfc7520-4.3-es512",
        ])
    func signatures(_ name: String) throws {
        let vector = Vectors.signature(name)
        let key = try #require(vector.key?.publicKey)
        #expect(key.isValid(vector.signature, of: vector.message, by: vector.algorithm))
        var spoiled = vector.signature
        spoiled[spoiled.count / 2] ^= 1
        #expect(!key.isValid(spoiled, of: vector.message, by: vector.algorithm))
        #expect(!key.isValid(vector.signature, of: vector.message + [0], by: vector.algorithm))
        #expect(!key.isValid(vector.signature, of: vector.message, by: "none"))
        #expect(!key.isValid([], of: vector.message, by: vector.algorithm))
    }

    @Test("the ID Tokens of OpenID Connect Core A verify only with the key of their kid")
    func idTokens() throws {
        let vector = Vectors.named("oidc-id-tokens")
        let key = try #require(vector["jwk"].flatMap(JWK.init))
        let tokens = try #require(vector["id_tokens"]?.strings)
        #expect(tokens.count == 4)
        for text in tokens {
            let token = try JWS(text)
            #expect(token.algorithm == "RS256")
            #expect(token.audience == ["s6BhdRkqt3"])
            try token.verify(with: [key])
            var renamed = key.members
            renamed["kid"] = "other"
            let other = try #require(JWK(.object(renamed)))
            #expect(throws: InvalidSignature.self) { try token.verify(with: [other]) }
        }
    }

    @Test(
        "a malformed JWT is refused with the reason",
        arguments: ["", "a.b", "a.b.c.d", "e30.e30", "e30.W10.", "!.e30.x", "e30.e30.="])
    func malformed(_ text: String) {
        #expect(throws: MalformedJWT.self) { try JWS(text) }
    }

    @Test("a token signed by the tester verifies, but not without the key")
    func signing() throws {
        for key in [try SigningKey.newRSA(), .secret("a secret of the client that is long enough"), .none] {
            let token = try JWS(key.sign(["sub": "x"], header: ["typ": "JWT"]))
            #expect(token.claims["sub"] == "x")
            #expect(token.algorithm == key.algorithm)
            #expect(throws: InvalidSignature.self) { try token.verify(with: []) }
        }
        let token = try JWS(SigningKey.secret("0123456789abcdef").sign(["sub": "x"]))
        try token.verify(with: [], secret: "0123456789abcdef")
        #expect(throws: InvalidSignature.self) { try token.verify(with: [], secret: "another") }
    }

    @Test("a private JWK signs, and its public part verifies")
    func privateKey() throws {
        let vector = Vectors.named("jws-es256")["jwk"]
        let key = try #require(vector.flatMap(SigningKey.init))
        try JWS(key.sign([:])).verify(with: [try #require(vector.flatMap(JWK.init))])
        #expect(SigningKey(["kty": "RSA"]) == nil)
    }

    @Test("RFC 7636 Appendix B: the code challenge")
    func challenge() {
        let proof = ProofKey(verifier: Vectors.text("pkce-s256", "code_verifier"))
        #expect(proof.challenge == Vectors.text("pkce-s256", "code_challenge"))
        #expect(ProofKey().verifier != ProofKey().verifier)
    }

    @Test("OpenID Connect Core A: at_hash and c_hash")
    func hashes() {
        let token = Vectors.text("oidc-at_hash", "access_token")
        #expect(HalfHash.of(token, for: "RS256") == Vectors.text("oidc-at_hash", "at_hash"))
        let code = Vectors.text("oidc-c_hash", "code")
        #expect(HalfHash.of(code, for: "ES256") == Vectors.text("oidc-c_hash", "c_hash"))
        #expect(HalfHash.of(code, for: "none") == nil)
    }

    @Test("RFC 4226 Appendix D and RFC 6238 Appendix B: one-time passwords")
    func oneTimePasswords() throws {
        // 12345678901234567890 in base32.
        let password = try #require(OneTimePassword(secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))
        let values = try #require(Vectors.named("hotp")["values"]?.object)
        #expect(values.count == 10)
        for (step, code) in values { #expect(password.code(step: try #require(Int(step))) == code.string) }
        let rows = (Vectors.named("totp")["rows"]?.array ?? []).filter { $0["mode"] == "SHA1" }
        #expect(rows.count == 6)
        for row in rows {
            let step = OneTimePassword.step(at: try #require(row["time"]?.number))
            #expect(password.code(step: step, digits: 8) == row["otp"]?.string)
        }
        #expect(OneTimePassword(secret: "1!") == nil)
    }

    @Test("RFC 6749 §2.3.1: the Authorization header field")
    func basic() {
        let name = Vectors.text("client-secret-basic", "client_id")
        let secret = Vectors.text("client-secret-basic", "client_secret")
        #expect(ClientAuthentication.basic(name, secret).value == Vectors.text("client-secret-basic", "header"))
        // Form-encoded first, so that a colon in the client ID doesn't separate.
        #expect(ClientAuthentication.basic("a:b", " ").value == "Basic YSUzQWI6JTIw")
    }

    @Test("RFC 4648 §5: strict base64url")
    func base64URL() {
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        #expect(Base64URL.decode("-_8") == [0xFB, 0xFF])
        for bad in ["-_8=", "a", "+/8", "-_ 8"] { #expect(Base64URL.decode(bad) == nil) }
    }

    @Test("randomness is estimated from length and distinct characters")
    func randomness() {
        // By length, 22 characters have 128 bits, but by distinct characters seldom. 43 have enough of both.
        #expect(Randomness.shortcoming(String.random()) == nil)
        #expect(Randomness.shortcoming("short") != nil)
        #expect(Randomness.shortcoming(String(repeating: "a", count: 100)) != nil)
        #expect(Randomness.measured("aabb") == 4)
    }
}
