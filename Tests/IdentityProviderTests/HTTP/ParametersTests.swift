import HTTPTypes
import IdentityProvider
import Testing

@Suite("RFC 6749 Appendix B: forms and queries")
struct ParametersTests {
    @Test(
        "malformed input is refused",
        arguments: [
            "a=%", "a=%2", "a=%zz", "a=%FF", "a=%00", "a=%01", "a=1&a=2", "a\u{0}=1", "%61=1&a=2",
            "a=b\tc", "a=b\nc", "a=b\u{7F}c",
        ])
    func refused(_ text: String) {
        #expect(throws: OAuthError.self) { try Parameters(parsing: text, limits: Limits()) }
    }

    @Test("values are decoded, empty values count as missing, and resource may repeat")
    func values() throws {
        let parameters = try Parameters(
            parsing: "a=1+2%2B%C3%A9&b=&c&resource=x&resource=y&state=%26%3D", limits: Limits())
        #expect(parameters["a"] == "1 2+é")
        #expect(parameters["b"] == nil)
        #expect(parameters["c"] == nil)
        #expect(parameters["state"] == "&=")
        #expect(parameters.all("resource") == ["x", "y"])
    }

    @Test("WHATWG URL §5.1: a space is a space, whether it is sent as it is, as a plus or encoded")
    func spaces() throws {
        let parameters = try Parameters(parsing: "scope=openid profile+email%20phone", limits: Limits())
        #expect(parameters["scope"] == "openid profile email phone")
    }

    @Test(
        "WHATWG-URL-003 WHATWG-URL-004 WHATWG-URL-006: pieces end at &, names at the first =, and names are decoded")
    func pieces() throws {
        let parameters = try Parameters(
            parsing: "&&client%5Fid=a;b&assertion=e30=.e30==&state=x;y=z&", limits: Limits())
        #expect(parameters["client_id"] == "a;b")
        #expect(parameters["assertion"] == "e30=.e30==")
        #expect(parameters["state"] == "x;y=z")
        #expect(parameters.query == "client_id=a%3Bb&assertion=e30%3D.e30%3D%3D&state=x%3By%3Dz")
        #expect(throws: OAuthError.self) { try Parameters(parsing: "client%5Fid=a&client_id=b", limits: Limits()) }
    }

    @Test(
        "WHATWG-URL-010: a charset parameter doesn't change the decoding",
        arguments: ["UTF-8", "utf-8", "iso-8859-1", "\"UTF-8\""])
    func charset(_ charset: String) throws {
        let type = "application/x-www-form-urlencoded;charset=\(charset)"
        let request = try Request(
            method: .post, path: "/token", headers: [.contentType: type], body: Array("a=%C3%A9".utf8))
        #expect(request.parameters["a"] == "é")
    }

    @Test("the number of parameters and the total length are limited")
    func bounds() {
        let many = (0..<65).map { "p\($0)=1" }.joined(separator: "&")
        #expect(throws: OAuthError.self) { try Parameters(parsing: many, limits: Limits()) }
        let long = "a=" + String(repeating: "x", count: 16_385)
        #expect(throws: OAuthError.self) { try Parameters(parsing: long, limits: Limits()) }
    }

    @Test(
        "another content type is refused with 415",
        arguments: ["application/json", "text/plain", "multipart/form-data"])
    func bodyType(_ type: String) {
        let error = #expect(throws: OAuthError.self) {
            try Request(method: .post, path: "/token", headers: [.contentType: type], body: Array("a=1".utf8))
        }
        #expect(error?.status == .unsupportedMediaType)
    }
}
