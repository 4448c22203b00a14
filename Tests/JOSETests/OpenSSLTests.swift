import JOSE
import Testing

@Suite("RFC 7518 §3, RFC 8037 §3.1: signatures agree with OpenSSL")
struct OpenSSLTests {
    private static let messages = [[], Array("message".utf8), [UInt8](repeating: 0xA5, count: 5_000)]

    @Test(
        "OpenSSL accepts our signatures, and neither side accepts them for another message",
        arguments: SignatureAlgorithm.asymmetric)
    func ours(_ algorithm: SignatureAlgorithm) async throws {
        let key = try Keys.make(algorithm)
        let published = try #require(key.publicKey().object)
        let other = try OpenSSLKey(published)
        for message in Self.messages {
            let signature = try await key.signer().sign(message)
            #expect(try other.isValid(signature, of: message, by: algorithm))
            #expect(try !other.isValid(signature, of: message + [0], by: algorithm))
            #expect(key.publicKey().isValid(signature, of: message, by: algorithm))
            #expect(!key.publicKey().isValid(signature, of: message + [0], by: algorithm))
        }
    }

    @Test("we accept OpenSSL's signatures, but not under another key", arguments: SignatureAlgorithm.asymmetric)
    func theirs(_ algorithm: SignatureAlgorithm) throws {
        let key = try Keys.make(algorithm)
        let wrong = try Keys.make(algorithm, rsa: "RFC 7520 §4.1")
        for message in Self.messages {
            let signature = try OpenSSLKey(key.object).sign(message, by: algorithm)
            #expect(key.publicKey().isValid(signature, of: message, by: algorithm))
            #expect(!wrong.publicKey().isValid(signature, of: message, by: algorithm))
        }
    }

    @Test(
        "a signature with a flipped bit, or a missing or extra byte, is refused",
        arguments: SignatureAlgorithm.asymmetric)
    func injured(_ algorithm: SignatureAlgorithm) throws {
        let key = try Keys.make(algorithm)
        let message = Array("message".utf8)
        let signature = try OpenSSLKey(key.object).sign(message, by: algorithm)
        let verifier = key.publicKey()
        for place in signature.indices {
            var injured = signature
            injured[place] ^= 1 << UInt8(place % 8)
            #expect(!verifier.isValid(injured, of: message, by: algorithm), "byte \(place)")
        }
        let zeros = [UInt8](repeating: 0, count: signature.count)
        for wrong in [
            [], Array(signature.dropLast()), Array(signature.dropFirst()), signature + [0], [0] + signature, zeros,
        ] {
            #expect(!verifier.isValid(wrong, of: message, by: algorithm))
        }
    }

    @Test("a signature is valid only for its own algorithm", arguments: SignatureAlgorithm.asymmetric)
    func otherAlgorithms(_ algorithm: SignatureAlgorithm) async throws {
        let key = try Keys.make(algorithm)
        let signature = try await key.signer().sign([1])
        let verifier = try JWK(key.object.publicPart.with("alg", nil))
        for other in SignatureAlgorithm.asymmetric + SignatureAlgorithm.symmetric {
            // Two names of the same algorithm (RFC 9864 §2.2).
            let isSame = other == algorithm || Set([other, algorithm]) == [.edDSA, .ed25519]
            #expect(verifier.isValid(signature, of: [1], by: other) == isSame)
        }
    }

    @Test(
        "an ECDSA signature in DER is refused (RFC 7518 §3.4)",
        arguments: [
            (SignatureAlgorithm.es256, 32), (.es384, 48), (.es512, 66),
        ])
    func der(_ algorithm: SignatureAlgorithm, size: Int) async throws {
        let key = try Keys.make(algorithm)
        let signature = try await key.signer().sign([1])
        #expect(signature.count == 2 * size)
        #expect(!key.publicKey().isValid(try ECDSASignature.der(raw: signature, size: size), of: [1], by: algorithm))
    }

    @Test(
        "a PSS salt must be as long as the hash (RFC 7518 §3.5)", arguments: [SignatureAlgorithm.ps256, .ps384, .ps512])
    func salt(_ algorithm: SignatureAlgorithm) throws {
        let key = try Keys.make(algorithm)
        for length: Int32 in [0, 20, 65] {
            let signature = try OpenSSLKey(key.object).sign([1], by: algorithm, saltLength: length)
            #expect(!key.publicKey().isValid(signature, of: [1], by: algorithm))
        }
    }

    @Test(
        "OpenSSL's HMACs are accepted, but not truncated, extended or changed", arguments: SignatureAlgorithm.symmetric)
    func symmetric(_ algorithm: SignatureAlgorithm) throws {
        let key = JWK(symmetric: Keys.secret)
        for message in Self.messages {
            let code = try OpenSSLKey(secret: Keys.secret).sign(message, by: algorithm)
            #expect(key.isValid(code, of: message, by: algorithm))
            #expect(!JWK(symmetric: Keys.secret.reversed()).isValid(code, of: message, by: algorithm))
            for wrong in [[], Array(code.dropLast()), code + [0], [code[0] ^ 1] + code.dropFirst()] {
                #expect(!key.isValid(wrong, of: message, by: algorithm))
            }
        }
    }
}
