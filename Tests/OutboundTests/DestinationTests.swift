import IdentityProvider
import InMemoryLogging
import Logging
import Testing

@testable import Outbound

@Suite("Where Martlet may send requests")
struct DestinationTests {
    @Test(
        "addresses of internal networks are not public",
        arguments: [
            "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
            "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.19.0.1", "::1", "::", "fe80::1", "fc00::1",
            "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1",
            "2001:db8::1", "2001::1", "2002:7f00:1::", "3fff::1", "3fff:fff::1",
        ])
    func own(_ text: String) throws {
        let address = try #require(ResolvedAddress(text))
        #expect(!address.isPublic)
    }

    @Test(
        "addresses on the Internet are public",
        arguments: [
            "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700:4700::1111", "2001:4860:4860::8888",
            "3fff:1000::1",
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

    @Test("localhost resolves to loopback, and an unknown name fails")
    func names() async throws {
        #expect(try await Resolver.system.addresses(of: "localhost").allSatisfy { $0.isLoopback })
        await #expect(throws: UnknownHost.self) { try await Resolver.system.addresses(of: "no-such-host.invalid") }
    }

    @Test(
        "RFC 3986 §6.2: equivalent URLs are normalized to one",
        arguments: [
            ("https://EXAMPLE.com:443/Path?Query", "https://example.com/Path?Query"),
            ("https://example.com", "https://example.com/"), ("https://example.com?a=/", "https://example.com/?a=/"),
            ("https://example.com:8443/", "https://example.com:8443/"), ("http://localhost:80/", "http://localhost/"),
            ("https://[FD00::1]:443/a", "https://[fd00::1]/a"), ("https://127.0.0.1:/", "https://127.0.0.1/"),
        ])
    func normalization(_ url: String, _ expected: String) throws {
        #expect(try Destination(url).url == expected)
    }

    @Test(
        "an ambiguous host is refused",
        arguments: [
            "https://b\u{FC}cher.example/", "https://local\u{AD}host/", "https://\u{FF4C}ocalhost/",
            "https://a.example\\b.example/", "https://a.example\\@b.example/", " https://a.example/",
        ])
    func ambiguous(_ url: String) {
        #expect(throws: FetchError.malformedURL) { try Destination(url) }
    }

    @Test("the log names a refused private address; the error doesn't")
    func privateAddress() async throws {
        let address = try #require(ResolvedAddress("10.1.2.3"))
        let resolver = Resolver(threads: 1) { _ in [address] }
        let log = InMemoryLogHandler()
        let error = await withLogger(Logger(label: "test") { _ in log }) { _ in
            await #expect(throws: FetchError.self) {
                try await Destination("https://internal.example/")
                    .addresses(under: .test(allowsPrivateNetworks: false), from: resolver)
            }
        }
        #expect(error == .privateAddress(host: "internal.example"))
        #expect(!"\(try #require(error))".contains("10.1.2.3"))
        #expect(log.entries.map { $0.metadata["address"] } == ["10.1.2.3"])
    }
}
