import Authenticators
import FoundationEssentials
import TestSupport
import Testing

@Suite("RFC 6238: time-based one-time passwords")
struct TOTPTests {
    @Test(
        "Appendix B: published values",
        arguments: [
            (59, "94287082", "46119246", "90693936"), (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"), (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"), (20_000_000_000, "65353130", "77737706", "47863826"),
        ] as [(TimeInterval, String, String, String)])
    func vectors(_ seconds: TimeInterval, _ sha1: String, _ sha256: String, _ sha512: String) throws {
        let moment = Date(timeIntervalSince1970: seconds)
        let digits = Array("12345678901234567890".utf8)
        func secret(_ count: Int) -> [UInt8] { (0..<count).map { digits[$0 % 20] } }
        #expect(try TOTP(secret: secret(20), algorithm: .sha1, digits: 8).code(at: moment) == sha1)
        #expect(try TOTP(secret: secret(32), algorithm: .sha256, digits: 8).code(at: moment) == sha256)
        #expect(try TOTP(secret: secret(64), algorithm: .sha512, digits: 8).code(at: moment) == sha512)
    }

    @Test("RFC 4226 Appendix D: published values, each at the time that corresponds to its counter")
    func counters() throws {
        let totp = try TOTP(secret: Array("12345678901234567890".utf8))
        let published = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
        ]
        for (counter, code) in published.enumerated() {
            let moment = Date(timeIntervalSince1970: Double(counter) * 30)
            #expect(try totp.code(at: moment) == code)
            #expect(totp.step(of: code, at: moment) == counter)
        }
    }

    @Test("RFC6238-002: the counter has 64 bits", arguments: [4_294_967_295, 4_294_967_296, 1 << 40])
    func counter(_ step: Int) throws {
        let secret = Array("12345678901234567890123456789012".utf8)
        let counter = (0..<8).reversed().map { UInt8(truncatingIfNeeded: step >> ($0 * 8)) }
        let hash = TestHMAC.sha256(counter, key: secret)
        // Dynamic truncation (RFC 4226 §5.3).
        let offset = Int(hash[31] & 15)
        let number = hash[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
        let code = String(String(number % 1_000_000 + 1_000_000).dropFirst())
        let moment = Date(timeIntervalSince1970: Double(step) * 30)
        #expect(try TOTP(secret: secret, algorithm: .sha256).code(at: moment) == code)
    }

    @Test("a code one time step early or late is accepted and its step returned; two steps off is refused")
    func window() throws {
        let totp = try TOTP(secret: Array("12345678901234567890".utf8))
        let moment = Date(timeIntervalSince1970: 1_800_000_015)
        for offset in -3...3 {
            let code = try totp.code(at: moment.addingTimeInterval(Double(offset) * 30))
            let expected = abs(offset) <= 1 ? 60_000_000 + offset : nil
            #expect(totp.step(of: code, at: moment) == expected)
        }
    }

    @Test("malformed codes are refused", arguments: ["", "12345", "1234567", "abcdef", "12 456", "１２３４５６", "-12345"])
    func malformed(_ code: String) throws {
        let totp = try TOTP(secret: Array("12345678901234567890".utf8))
        #expect(totp.step(of: code, at: Date(timeIntervalSince1970: 0)) == nil)
    }

    @Test("an empty or short secret, which could be guessed, is refused", arguments: [0, 1, 9])
    func shortSecret(_ count: Int) {
        #expect(throws: InvalidTOTPSecret.self) { try TOTP(secret: [UInt8](repeating: 1, count: count)) }
    }
}

@Suite("RFC 4648 §6: base32")
struct Base32Tests {
    @Test(
        "§10: published values",
        arguments: [
            ("MY======", "f"), ("MZXQ====", "fo"), ("MZXW6===", "foo"), ("MZXW6YQ=", "foob"), ("MZXW6YTB", "fooba"),
            ("MZXW6YTBOI======", "foobar"), ("mzxw 6ytb-oi", "foobar"), ("", ""),
        ])
    func vectors(_ text: String, _ value: String) {
        #expect(Base32.decode(text) == Array(value.utf8))
    }

    @Test("characters outside the alphabet are refused", arguments: ["M1======", "MZXW8", "M=Y", "é"])
    func refused(_ text: String) {
        #expect(Base32.decode(text) == nil)
    }
}
