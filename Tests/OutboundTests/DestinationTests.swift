import Testing

@testable import Outbound

@Suite("Where Martlet calls out to")
struct DestinationTests {
    @Test(
        "an address of our own networks is not public",
        arguments: [
            "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
            "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.19.0.1", "::1", "::", "fe80::1", "fc00::1",
            "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1",
            "2001:db8::1", "2001::1", "2002:7f00:1::",
        ])
    func own(_ text: String) throws {
        let address = try #require(ResolvedAddress(text))
        #expect(!address.isPublic)
    }

    @Test(
        "an address of the Internet is",
        arguments: [
            "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700:4700::1111", "2001:4860:4860::8888",
        ])
    func others(_ text: String) throws {
        let address = try #require(ResolvedAddress(text))
        #expect(address.isPublic)
        #expect(!address.isLoopback)
    }

    @Test("only this machine is loopback")
    func loopback() throws {
        for text in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] { #expect(try #require(ResolvedAddress(text)).isLoopback) }
        #expect(ResolvedAddress("localhost") == nil)
        #expect(ResolvedAddress("127.1") == nil)
    }

    @Test("localhost, and a name that nobody has")
    func names() async throws {
        #expect(try await Resolver.addresses(of: "localhost").allSatisfy { $0.isLoopback })
        await #expect(throws: UnknownHost.self) { try await Resolver.addresses(of: "no-such-host.invalid") }
    }
}
