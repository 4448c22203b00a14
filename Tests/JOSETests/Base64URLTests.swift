import JOSE
import Testing

@Suite("RFC 4648 §5, RFC 7515 §2: base64url")
struct Base64URLTests {
    @Test(
        "non-canonical text is refused",
        arguments: [
            "A", "AAAAA", "Zg==", "Zm8=", "Zm9v====", "=", "Z", "Zm9vZ", " Zg", "Zg ", "Zg\n", "Zm\r\n8", "\tZg", "+/8",
            "Zg\u{0}",
            "é",
            "Zm9v.", "Zh", "Z_", "Zm9", "Zm-", "\u{212A}g", "Ｚg",
        ])
    func refused(_ text: String) {
        #expect(throws: Base64URLError.self) { try Base64URL.decode(text) }
    }

    @Test(
        "the values of RFC 4648 §10 are encoded without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ])
    func published(_ value: String, _ text: String) throws {
        #expect(Base64URL.encode(Array(value.utf8)) == text)
        #expect(try Base64URL.decode(text) == Array(value.utf8))
    }

    @Test("the alphabet is URL-safe")
    func alphabet() throws {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == "-__-")
        #expect(try Base64URL.decode("-__-") == [0xFB, 0xFF, 0xFE])
    }

    @Test("of all two-character texts exactly 256 decode, one for each byte")
    func canonical() {
        let characters = (UInt8(0x21)...0x7E).map { String(UnicodeScalar($0)) }
        let texts = characters.flatMap { first in characters.map { first + $0 } }
        let read = texts.compactMap { text in (try? Base64URL.decode(text)).map { (text, $0) } }
        #expect(read.count == 256)
        #expect(Set(read.map(\.1)).count == 256)
        #expect(read.allSatisfy { Base64URL.encode($0.1) == $0.0 })
    }

    @Test("values of any length survive encoding and decoding", arguments: 0..<70)
    func roundTrip(_ length: Int) throws {
        var random = SplitMix(seed: UInt64(length))
        let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(try Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
}
