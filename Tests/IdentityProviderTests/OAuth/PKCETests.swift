import Crypto
import JOSE
import Testing

@testable import IdentityProvider

@Suite("RFC 7636: Proof Key for Code Exchange")
struct PKCETests {
    private func key(for verifier: String) throws -> PKCE {
        let challenge = Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))
        let parameters = Parameters([
            (name: "code_challenge", value: challenge), (name: "code_challenge_method", value: "S256"),
        ])
        return try #require(try PKCE(parameters))
    }

    @Test(
        "RFC7636-001: a verifier has 43 to 128 unreserved characters",
        arguments: [
            (String(repeating: "a", count: 42), false), (String(repeating: "a", count: 43), true),
            (String(repeating: "a", count: 128), true), (String(repeating: "a", count: 129), false), ("", false),
            ("-._~" + String(repeating: "Z9", count: 20), true), ("+" + String(repeating: "a", count: 42), false),
            ("=" + String(repeating: "a", count: 42), false), (" " + String(repeating: "a", count: 42), false),
            ("é" + String(repeating: "a", count: 42), false),
        ])
    func verifiers(_ verifier: String, _ isAccepted: Bool) throws {
        // Each one matches the challenge, so only its form decides.
        #expect(try key(for: verifier).accepts(verifier) == isAccepted)
    }

    @Test("Appendix B: the published verifier and challenge")
    func published() throws {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let parameters = Parameters([
            (name: "code_challenge", value: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            (name: "code_challenge_method", value: "S256"),
        ])
        #expect(try PKCE(parameters)?.accepts(verifier) == true)
        #expect(try PKCE(parameters)?.accepts(String(verifier.reversed())) == false)
    }
}
