import HTTPTypes
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9110 §8.8.3, §13.1.2: entity tags and If-None-Match")
struct EntityTagTests {
    private static let tag = EntityTag(of: Array("body".utf8))

    @Test(
        "a tag matches anywhere in the list, weak or strong, and `*` matches any tag",
        arguments: [
            (tag.text, true), ("W/\(tag.text)", true), ("*", true),
            ("\"other\", \(tag.text)", true), ("\"a,b\" ,\tW/\(tag.text),W/\"c\"", true), (", \(tag.text),", true),
            ("\"other\"", false), ("\"other\", W/\"another\"", false), ("", false), ("\"\"", false),
            // Not a tag: unquoted, with an unclosed quote, or between two tags.
            (String(tag.text.dropFirst().dropLast()), false), (String(tag.text.dropLast()), false),
            ("\"a\(tag.text)b\"", false), ("\"*\"", false),
        ])
    func conditions(_ condition: String, isListed: Bool) {
        #expect(Self.tag.isListed(in: condition) == isListed)
    }

    @Test("equal bodies have equal tags, and different bodies have different ones")
    func bodies() {
        #expect(EntityTag(of: Array("body".utf8)) == Self.tag)
        #expect(EntityTag(of: Array("body2".utf8)) != Self.tag)
    }

    @Test(
        "a conditional request for a cached response is answered with 304 and no body",
        arguments: [
            "/jwks", "/.well-known/openid-configuration", "/passkey.js",
        ])
    func endpoints(_ path: String) async throws {
        let issuer = try await TestIssuer()
        let first = try await issuer.send(.get, path)
        let tag = try #require(first.headers[.eTag])
        let cached = try await issuer.send(.get, path, headers: [.ifNoneMatch: "\"old\", W/\(tag)"])
        #expect(cached.status == .notModified)
        #expect(cached.headers[.eTag] == tag)
        #expect(cached.headers[.cacheControl] == first.headers[.cacheControl])
        if case .bytes(let bytes) = cached.body {
            #expect(bytes.isEmpty)
        } else {
            Issue.record("expected bytes, got a page")
        }
        #expect(try await issuer.send(.get, path, headers: [.ifNoneMatch: "\"old\""]).status == .ok)
    }
}
