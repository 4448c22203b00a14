import JOSE
import Testing

@Suite("RFC 8259 §4: objects")
struct JSONObjectTests {
    @Test("members keep their order; setting one replaces it in place, appends or removes it")
    func members() {
        var object: JSONObject = ["b": 1, "a": 2, "c": 3]
        object["a"] = "two"
        object["d"] = 4
        object["b"] = nil
        object["unknown"] = nil
        #expect(object.names == ["a", "c", "d"])
        #expect(String(decoding: object.serialized(), as: UTF8.self) == "{\"a\":\"two\",\"c\":3,\"d\":4}")
    }

    @Test("merging replaces members in place and appends new ones")
    func merging() {
        var object: JSONObject = ["a": 1, "b": 2]
        object.merge(["c": 3, "a": .null, "d": 4])
        #expect(object.serialized() == Array(#"{"a":null,"b":2,"c":3,"d":4}"#.utf8))
    }

    @Test("objects are equal regardless of order, but not if a member differs")
    func equality() {
        let one: JSONObject = ["a": 1, "b": [2]]
        #expect(one == ["b": [2], "a": 1])
        #expect(Set([one, ["b": [2], "a": 1]]).count == 1)
        #expect(one != ["a": 1])
        #expect(one != ["a": 1, "b": [3]])
    }

    @Test("names are compared by code points, not by appearance or normal form (§8.3)")
    func exactNames() {
        let object: JSONObject = ["\u{212A}ey": 1, "cafe\u{301}": 2]
        #expect(object["Key"] == nil)
        #expect(object["caf\u{E9}"] == nil)
        #expect(object["cafe\u{301}"] == 2)
    }

    @Test("other JSON values are not objects", arguments: ["[]", "1", "null", "\"{}\""])
    func others(_ text: String) {
        #expect(throws: JSONError.self) { try JSONObject(parsing: Array(text.utf8)) }
    }
}
