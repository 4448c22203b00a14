import JOSE
import Testing

@Suite("RFC 7638: thumbprints")
struct JWKThumbprintTests {
    @Test("published thumbprints are reproduced", arguments: ThumbprintVector.all)
    func published(_ vector: ThumbprintVector) throws {
        #expect(try JWK(vector.key).thumbprint == vector.thumbprint)
    }

    @Test("all published thumbprints are found")
    func complete() { #expect(ThumbprintVector.all.count == 3) }

    @Test("members that don't define the key are ignored (§3.2)")
    func otherMembers() throws {
        let vector = try #require(ThumbprintVector.all.first)
        let key = vector.key.with("kid", "another").with("use", "sig").with("alg", "PS256")
        #expect(try JWK(key).thumbprint == vector.thumbprint)
    }

    @Test("a shared secret has no thumbprint (§7)")
    func sharedSecret() { #expect(JWK(symmetric: Keys.secret).thumbprint.isEmpty) }
}
