import HTTPTypes
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("IP addresses and their networks")
struct IPAddressTests {
    @Test(
        "addresses of one subscriber count as one, however they are written",
        arguments: [
            ("192.0.2.7", "192.0.2.7", true), ("::ffff:192.0.2.7", "192.0.2.7", true),
            ("::FFFF:c000:207", "192.0.2.7", true), ("192.0.2.8", "192.0.2.7", false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:DB8:1:2:0:0:0:1", "2001:db8:1:2::1", true),
            ("2001:db8:1:3::1", "2001:db8:1:2::1", false), ("", "", true), ("", "192.0.2.7", false), ("", "::", false),
            // Other spellings of IPv4-mapped addresses (RFC 4291 §2.5.5.2), and lookalikes.
            ("0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7", true), ("::ffff:192.0.2.7", "::ffff:192.0.2.8", false),
            ("::ffff:0:192.0.2.7", "192.0.2.7", false), ("64:ff9b::192.0.2.7", "192.0.2.7", false),
            ("2001:0db8:0001:0002::00ff", "2001:db8:1:2::1", true), ("2001:db8:2:2::1", "2001:db8:1:2::1", false),
            // The zone doesn't distinguish subscribers (RFC 4007 §11).
            ("fe80::1%eth0", "fe80::2", true), ("fe80::1%eth0", "fe80::1%25eth1", true),
            ("fe80::1%eth0", "fe80:0:0:1::1%eth0", false), ("192.0.2.7%eth0", "192.0.2.7", false),
            // Text that isn't an address only equals itself.
            ("192.0.2.07", "192.0.2.7", false), ("3221225991", "192.0.2.7", false),
            ("[2001:db8:1:2::1]", "2001:db8:1:2::1", false),
        ])
    func subscriber(_ one: String, _ other: String, isSame: Bool) {
        #expect((IPAddress.subscriber(of: one) == IPAddress.subscriber(of: other)) == isSame)
        #expect((AttemptCounter.address(one) == .address(other)) == isSame)
    }

    @Test(
        "the network keeps exactly the prefix bits of the address",
        arguments: [
            ("192.0.2.7", "192.0.2.0/24"), ("::ffff:192.0.2.7", "192.0.2.0/24"),
            ("2001:db8:1:2::1", "2001:db8:1::/48"), ("255.255.255.255", "255.255.255.0/24"), ("::1", "::/48"),
        ])
    func network(_ address: String, _ network: String) {
        #expect(IPAddress(address)?.network(v4: 24, v6: 48) == network)
    }

    @Test(
        "prefix lengths within a byte are supported",
        arguments: [(0, "0.0.0.0/0"), (9, "255.128.0.0/9"), (32, "255.255.255.255/32")])
    func bits(_ length: Int, _ network: String) {
        #expect(IPAddress("255.255.255.255")?.network(v4: length, v6: 0) == network)
    }

    @Test(
        "malformed addresses are rejected",
        arguments: ["", "localhost", "192.0.2", "192.0.2.256", "1::2::3", "%eth0", "1.2.3.4%eth0"])
    func none(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test("using another address of the same network for each guess doesn't evade throttling")
    func guesses() async throws {
        let front = try await FrontEnd()
        func guess(_ number: Int, from address: String) async throws -> Response {
            let body = #"{"username":"name-\#(number)","password":"guess"}"#
            return try await front.issuer.call(.post, "/api/auth/login", body, from: address)
        }
        for number in 0..<50 {
            let answer = try await guess(number, from: "2001:db8::\(String(number, radix: 16)):1")
            #expect(answer.status == .unauthorized)
        }
        #expect(try await guess(50, from: "2001:db8::ffff").status == .tooManyRequests)
        #expect(try await guess(51, from: "2001:db8:0:1::ffff").status == .unauthorized)
    }
}
