import Authenticators
import TestSupport
import Testing

@Suite("CTAP 2.1 §8: canonical CBOR")
struct CBORTests {
    @Test(
        "RFC 8949 Appendix A: the published values of the supported types",
        arguments: [
            ("00", 0), ("17", 23), ("1818", 24), ("1903e8", 1_000), ("1a000f4240", 1_000_000),
            ("1b000000e8d4a51000", 1_000_000_000_000), ("20", -1), ("3863", -100), ("3903e7", -1_000),
            ("f4", .bool(false)), ("f5", .bool(true)), ("f6", .null), ("4401020304", .bytes([1, 2, 3, 4])), ("60", ""),
            ("6449455446", "IETF"), ("62c3bc", "\u{FC}"), ("80", .array([])), ("83010203", .array([1, 2, 3])),
            ("8301820203820405", .array([1, .array([2, 3]), .array([4, 5])])), ("a0", .map([:])),
            ("a201020304", .map([1: 2, 3: 4])), ("a26161016162820203", .map(["a": 1, "b": .array([2, 3])])),
        ] as [(String, CBOR)])
    func vectors(_ hexadecimal: String, _ value: CBOR) throws {
        #expect(try CBOR(parsing: bytes(hexadecimal)) == value)
        #expect(value.encoded() == bytes(hexadecimal))
    }

    @Test("map keys may come in any order")
    func order() throws {
        #expect(try CBOR(parsing: bytes("a203040102")) == .map([1: 2, 3: 4]))
    }

    @Test(
        "non-canonical, truncated, unsupported and oversized values are refused",
        arguments: [
            ("", "ends early"), ("0000", "has trailing bytes"),
            ("1817", "has a number that is not in its shortest form"),
            ("190001", "has a number that is not in its shortest form"),
            ("1a00000001", "has a number that is not in its shortest form"),
            ("1b0000000000000001", "has a number that is not in its shortest form"),
            ("5801ff", "has a number that is not in its shortest form"),
            ("1bffffffffffffffff", "has a number beyond 63 bits"),
            ("3bffffffffffffffff", "has a number beyond 63 bits"),
            ("1c", "has an indefinite or reserved length"), ("5f4101ff", "has an indefinite or reserved length"),
            ("9fff", "has an indefinite or reserved length"), ("bfff", "has an indefinite or reserved length"),
            ("c001", "has a tag"), ("f7", "has a float or an unsupported simple value"),
            ("f93c00", "has a float or an unsupported simple value"),
            ("ff", "has a float or an unsupported simple value"),
            ("a201020103", "has a duplicate key"), ("a2616101616102", "has a duplicate key"),
            ("61ff", "has invalid UTF-8"), ("4401", "ends early"), ("5b7fffffffffffffff00", "ends early"),
            ("9b7fffffffffffffff", "ends early"), ("bb7fffffffffffffff", "ends early"), ("9a00ffffff00", "ends early"),
            ("818181818100", "is nested deeper than 4 levels"),
            ("a100a100a100a100a10000", "is nested deeper than 4 levels"),
        ])
    func refused(_ hexadecimal: String, _ reason: String) {
        do {
            let value = try CBOR(parsing: bytes(hexadecimal))
            Issue.record("\(value)")
        } catch { #expect(error.reason == reason) }
    }

    @Test("neither deep nesting nor a large declared length exhausts the stack or memory")
    func bounds() {
        let deep = [UInt8](repeating: 0x81, count: 16_384)
        #expect(throws: CBORError.self) { try CBOR(parsing: deep) }
        let wide = CBOR.array(Array(repeating: 0, count: 512)).encoded()
        #expect(throws: CBORError.self) { try CBOR(parsing: wide) }
        #expect(throws: CBORError.self) { try CBOR(parsing: CBOR.bytes(Array(repeating: 0, count: 16_384)).encoded()) }
        #expect(throws: Never.self) { try CBOR(parsing: CBOR.array(Array(repeating: 0, count: 511)).encoded()) }
    }
}

/// Decodes hexadecimal digits.
func bytes(_ hexadecimal: String) -> [UInt8] {
    var digits = hexadecimal[...]
    var bytes: [UInt8] = []
    while let byte = UInt8(digits.prefix(2), radix: 16) {
        bytes.append(byte)
        digits = digits.dropFirst(2)
    }
    return bytes
}
