import JOSE
import Testing

@Suite("RFC 8259: strict JSON")
struct JSONTests {
    @Test(
        "text that RFC 8259 does not allow, or that parsers read differently, is refused",
        arguments: [
            "", " ", "{", "}", "[", "]", "{]", "[}", "\"", "nul", "nulll", "True", "undefined", "NaN", "Infinity", "-",
            "+1",
            "01", "-01", "00", "1.", ".5", "-.5", "1e", "1e+", "0x1", "1e400", "-1e400", "1 2", "1,", "[1,]", "[,1]",
            "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\" 1}",
            "{\"a\":1 \"b\":2}",
            "[1]x", "{} {}", "null\u{0}", "\u{FEFF}{}", "// c\n1", "\"\n\"", "\"\u{0}\"", "\"\u{1F}\"", "\"\t\"",
            "\"\\x\"",
            "\"\\\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\uD800\"", "\"\\uDC00\"", "\"\\uD800\\uD800\"", "\"\\uD800x\"",
            "\"\\uDC00\\uD800\"", "\"\\uD83D\\n\"", "\u{A0}1", "1\u{C}",
        ])
    func refused(_ text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: Array(text.utf8)) }
    }

    @Test(
        "text that is not UTF-8 is refused",
        arguments: [
            [0x80], [0xFF], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3],
            [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) {
        let quote = [UInt8(ascii: "\"")]
        #expect(throws: JSONError.self) { try JSON(parsing: quote + bytes + quote) }
        #expect(throws: JSONError.self) { try JSON(parsing: quote + bytes + Array("\\n".utf8) + quote) }
    }

    @Test(
        "a duplicate member is refused, however it is escaped",
        arguments: [
            "{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":1,\"\\u0061\":2}", "{\"x\":{\"a\":1,\"a\":2}}",
            "{\"\":1,\"\":2}",
            "[{\"alg\":\"none\",\"alg\":\"ES256\"}]",
        ])
    func repeatedMember(_ text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: Array(text.utf8)) }
    }

    @Test("a duplicate among many members is refused", arguments: [1, 15, 16, 17, 500])
    func repeatedAmongMany(_ count: Int) throws {
        let members = (0..<count).map { "\"m\($0)\":\($0)" }
        let sound = "{\(members.joined(separator: ","))}"
        #expect(try JSONObject(parsing: Array(sound.utf8)).members.count == count)
        for name in ["m0", "m\(count - 1)"] {
            let broken = "{\(members.joined(separator: ",")),\"\(name)\":1}"
            #expect(throws: JSONError.self) { try JSON(parsing: Array(broken.utf8)) }
        }
    }

    @Test("nesting is allowed up to the limit")
    func depth() throws {
        func nested(_ open: String, _ close: String, _ count: Int) -> [UInt8] {
            Array((String(repeating: open, count: count) + "1" + String(repeating: close, count: count)).utf8)
        }
        #expect(throws: Never.self) { try JSON(parsing: nested("[", "]", 16)) }
        #expect(throws: JSONError.self) { try JSON(parsing: nested("[", "]", 17)) }
        #expect(throws: Never.self) { try JSON(parsing: nested("{\"a\":", "}", 3), maximumDepth: 3) }
        #expect(throws: JSONError.self) { try JSON(parsing: nested("{\"a\":", "}", 4), maximumDepth: 3) }
        #expect(throws: JSONError.self) { try JSON(parsing: [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) }
    }

    @Test(
        "values are parsed correctly",
        arguments: [
            ("null", .null), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-12", -12),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.5", .number(1.5)), ("1e2", .number(100)),
            ("1E-2", .number(0.01)), ("\"\"", ""), ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\u{8}\u{C}\n\r\t"),
            ("\"\\u00e9\\uD83D\\uDE00é😀\\u0000\"", "é😀é😀\u{0}"), ("[]", []), ("[1,[2,\"3\"]]", [1, [2, "3"]]),
            ("{}", [:]),
            ("\r\n\t{ \"b\" : [ ] , \"a\" : { } }", ["b": [], "a": [:]]),
        ] as [(String, JSON)])
    func read(_ text: String, _ value: JSON) throws {
        #expect(try JSON(parsing: Array(text.utf8)) == value)
    }

    @Test(
        "only characters that must be escaped are escaped (RFC 8259 §7)",
        arguments: [
            (["z": 1, "a": [true, false, .null]], "{\"z\":1,\"a\":[true,false,null]}"),
            ("/é😀\u{7F}\u{2028}", "\"/é😀\u{7F}\u{2028}\""), ("\"\\", "\"\\\"\\\\\""),
            ("\u{0}\u{1}\u{8}\t\n\u{B}\u{C}\r\u{1F}", "\"\\u0000\\u0001\\u0008\\t\\n\\u000b\\u000c\\r\\u001f\""),
            (.number(0.1), "0.1"), (.number(1e300), "1e+300"), (.number(.nan), "null"), (.number(.infinity), "null"),
            (.integer(.min), "-9223372036854775808"), (["a\"b": ""], "{\"a\\\"b\":\"\"}"),
        ] as [(JSON, String)])
    func written(_ value: JSON, _ text: String) {
        #expect(String(decoding: value.serialized(), as: UTF8.self) == text)
    }

    @Test("mutated texts never crash the parser, and what it accepts survives writing and parsing")
    func mutations() throws {
        let seed = Array(
            #"{"iss":"https://id.example","n":[1,-2.5e3,true,null,"\u00e9\ud83d\ude00\n"],"o":{"a":{"b":[]}},"z":0}"#
                .utf8)
        var random = SplitMix(seed: 8259)
        var accepted = 0
        for _ in 0..<20_000 {
            guard let value = try? JSON(parsing: random.mutate(seed)) else { continue }
            accepted += 1
            #expect(try JSON(parsing: value.serialized()) == value)
        }
        #expect(accepted > 100)
    }
}
