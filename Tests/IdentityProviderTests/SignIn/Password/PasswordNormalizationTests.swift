import Authenticators
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import TestSupport
import Testing

@Suite("NIST SP 800-63B-4 §3.1.1.2: password normalization")
struct PasswordNormalizationTests {
    private let composed = "caf\u{E9} au lait"
    private let decomposed = "cafe\u{301} au lait"

    private func signsIn(_ issuer: TestIssuer, with password: String) async throws -> Bool {
        try await Browser(issuer).authorize(Browser.webRequest(), password: password).headers[.location] != nil
    }

    /// An issuer where alice's password hash is of exactly these bytes.
    private func issuer(hashing password: String) async throws -> TestIssuer {
        let issuer = try await TestIssuer()
        var user = try #require(try await issuer.stores.users.find(named: "alice"))
        user.passwordHash = try PasswordHash(of: password, parameters: Argon2Parameters(memory: 8, iterations: 1)).text
        try await issuer.stores.users.save(user)
        return issuer
    }

    @Test("composed and decomposed spellings of a password are equivalent")
    func both() async throws {
        let issuer = try await TestIssuer()
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        for password in [composed, decomposed] {
            try await issuer.administration.setPassword(password, of: alice)
            #expect(try await signsIn(issuer, with: composed))
            #expect(try await signsIn(issuer, with: decomposed))
            #expect(try await !signsIn(issuer, with: "cafe au lait"))
        }
    }

    @Test("a hash of an unnormalized password first accepts only that spelling, and then both")
    func former() async throws {
        let issuer = try await issuer(hashing: decomposed)
        #expect(try await !signsIn(issuer, with: composed))
        #expect(try await signsIn(issuer, with: decomposed))
        #expect(try await signsIn(issuer, with: composed))
    }

    @Test("a new password is normalized before it is checked")
    func policy() throws {
        #expect(try NewPassword(decomposed, names: []).text.utf8.elementsEqual(composed.utf8))
        #expect(throws: PasswordRefusal.known) { try NewPassword(decomposed, names: [composed]) }
        // Eight code points as typed, but seven after normalization.
        #expect(throws: PasswordRefusal.tooShort) { try NewPassword("cafe\u{301} au", names: []) }
    }
}
