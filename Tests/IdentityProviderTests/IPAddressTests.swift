import Testing

@testable import IdentityProvider

@Suite("Addresses of the Internet, and the networks that they are in")
struct IPAddressTests {
    @Test(
        "one subscriber is one, however the address is written",
        arguments: [
            ("192.0.2.7", "192.0.2.7", true), ("::ffff:192.0.2.7", "192.0.2.7", true),
            ("::FFFF:c000:207", "192.0.2.7", true), ("192.0.2.8", "192.0.2.7", false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:DB8:1:2:0:0:0:1", "2001:db8:1:2::1", true),
            ("2001:db8:1:3::1", "2001:db8:1:2::1", false), ("", "", true), ("", "192.0.2.7", false),
        ])
    func subscriber(_ one: String, _ other: String, isSame: Bool) {
        #expect((IPAddress.subscriber(of: one) == IPAddress.subscriber(of: other)) == isSame)
        #expect((AttemptCounter.address(one) == .address(other)) == isSame)
    }

    @Test(
        "the network of an address has its first bits and no more",
        arguments: [
            ("192.0.2.7", "192.0.2.0/24"), ("::ffff:192.0.2.7", "192.0.2.0/24"),
            ("2001:db8:1:2::1", "2001:db8:1::/48"), ("255.255.255.255", "255.255.255.0/24"), ("::1", "::/48"),
        ])
    func network(_ address: String, _ network: String) {
        #expect(IPAddress(address)?.network(v4: 24, v6: 48) == network)
    }

    @Test(
        "bits within a byte are cut", arguments: [(0, "0.0.0.0/0"), (9, "255.128.0.0/9"), (32, "255.255.255.255/32")])
    func bits(_ length: Int, _ network: String) {
        #expect(IPAddress("255.255.255.255")?.network(v4: length, v6: 0) == network)
    }

    @Test(
        "what is no address is none", arguments: ["", "localhost", "192.0.2", "192.0.2.256", "1::2::3", "fe80::1%eth0"])
    func none(_ text: String) { #expect(IPAddress(text) == nil) }
}
