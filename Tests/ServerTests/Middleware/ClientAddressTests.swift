import HTTPTypes
import IdentityProvider
import Testing

@testable import Server

@Suite("The address of a request's client (RFC 7239)", .timeLimit(.minutes(1)))
struct ClientAddressTests {
    private let trusted = ["10.0.0.0/8", "2001:db8:f::/48"]

    @Test(
        "the client's address in X-Forwarded-For",
        arguments: [
            // Not from a proxy: ignored.
            ("198.51.100.7", ["1.1.1.1"], "198.51.100.7"), ("11.0.0.1", ["1.1.1.1"], "11.0.0.1"),
            ("2001:db8:e::1", ["1.1.1.1"], "2001:db8:e::1"),
            // From a proxy: the last address that is not one of our proxies.
            ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"), ("10.0.0.1", ["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", ["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", ["198.51.100.7, 10.2.3.4"], "198.51.100.7"),
            ("10.0.0.1", ["1.1.1.1, 198.51.100.7,10.2.3.4 ,10.9.9.9"], "198.51.100.7"),
            ("2001:db8:f::1", ["2001:db8::7"], "2001:db8::7"), ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
            // With a port, as some proxies write it.
            ("10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"), ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", ["2001:DB8:0::7"], "2001:db8::7"),
            // No valid address: the proxy itself.
            ("10.0.0.1", [], "10.0.0.1"), ("10.0.0.1", [""], "10.0.0.1"), ("10.0.0.1", ["unknown"], "10.0.0.1"),
            ("10.0.0.1", ["1.1.1.1, unknown"], "10.0.0.1"), ("10.0.0.1", ["1.1.1.1,"], "10.0.0.1"),
            ("10.0.0.1", ["1.1.1.1, 010.1.1.1"], "10.0.0.1"), ("10.0.0.1", ["1.1.1.1\nadmin=1"], "10.0.0.1"),
            ("10.0.0.1", ["1.1.1.1, garbage, 10.0.0.2"], "10.0.0.2"),
            // Only our own proxies: the farthest one.
            ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] as [(String, [String], String)])
    func forwardedFor(_ peer: String, _ values: [String], expected: String) throws {
        let proxies = try TrustedProxies(trusted)
        var fields = HTTPFields()
        for value in values { fields.append(HTTPField(name: .forwardedFor, value: value)) }
        // A field that our proxies don't write comes from the client.
        fields[.forwarded] = "for=6.6.6.6"
        #expect(proxies.client(behind: peer, fields: fields) == expected)
    }

    @Test(
        "the client's address in Forwarded, if the proxies use it (§4)",
        arguments: [
            ("for=198.51.100.7", "198.51.100.7"), ("For=\"198.51.100.7:4711\";proto=https", "198.51.100.7"),
            ("for=1.1.1.1, for=198.51.100.7;by=10.0.0.1", "198.51.100.7"),
            ("for=\"[2001:db8::7]:4711\"", "2001:db8::7"), ("for=_hidden", "10.0.0.1"), ("proto=https", "10.0.0.1"),
            ("for=198.51.100.7;for=1.1.1.1", "10.0.0.1"), ("for=1.1.1.1, for=unknown", "10.0.0.1"),
        ])
    func forwarded(_ value: String, expected: String) throws {
        let proxies = try TrustedProxies(trusted, field: .forwarded)
        let fields: HTTPFields = [.forwarded: value, .forwardedFor: "6.6.6.6"]
        #expect(proxies.client(behind: "10.0.0.1", fields: fields) == expected)
    }

    @Test("a Unix socket is trusted only if it is listed")
    func unixSocket() throws {
        let fields: HTTPFields = [.forwardedFor: "198.51.100.7"]
        #expect(try TrustedProxies(["unix"]).client(behind: "", fields: fields) == "198.51.100.7")
        #expect(try TrustedProxies(["10.0.0.0/8"]).client(behind: "", fields: fields) == "")
    }

    @Test(
        "parsing networks",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.0.0.0/9", "10.128.0.0", false),
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false), ("::/0", "8.8.8.8", false), ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false), ("2001:db8::/33", "2001:db8:8000::", false),
            ("2001:db8::/33", "2001:db8:7fff::", true),
        ])
    func ranges(_ range: String, _ address: String, contains: Bool) throws {
        let range = try #require(AddressRange(range))
        let address = try #require(IPAddress(address))
        #expect(range.contains(address) == contains)
    }

    @Test(
        "an invalid network is refused at startup",
        arguments: [
            "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129", "10.0.0.0/", "proxy.example", "10.0.0.0/8/8",
        ])
    func noNetwork(_ text: String) {
        #expect(throws: InvalidNetwork.self) { try TrustedProxies([text]) }
    }

    @Test(
        "over a socket: a trusted peer's forwarding headers are used, those of others are removed",
        arguments: [
            ([], .forwardedFor, "127.0.0.1", false), (["10.0.0.0/8"], .forwardedFor, "127.0.0.1", false),
            ([], .forwarded, "127.0.0.1", false), (["127.0.0.1"], .forwardedFor, "198.51.100.7", true),
            (["127.0.0.0/8"], .forwarded, "203.0.113.9", true),
        ] as [([String], TrustedProxies.Field, String, Bool)])
    func believed(_ trusted: [String], _ field: TrustedProxies.Field, client: String, isBelieved: Bool) async throws {
        let proxies = try TrustedProxies(trusted, field: field)
        try await TestServer.run(configure: { $0.proxies = proxies }) { server in
            let answer = try await TestClient.run { browser in
                try await browser.get(
                    "http://127.0.0.1:\(server.port)/echo",
                    [
                        "X-Forwarded-For": "198.51.100.7", "Forwarded": "for=203.0.113.9;proto=https;host=evil.example",
                        "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example", "X-Forwarded-Uri": "/page",
                        "X-Forwarded-Method": "POST",
                    ])
            }
            let said = isBelieved ? #"["https","app.example","/page","POST"]"# : "[null,null,null,null]"
            #expect(answer.text.contains(#""client":"\#(client)""#))
            #expect(answer.text.contains(#""forwarded":\#(said)"#))
            // In any case, the request itself is unchanged.
            #expect(answer.text.contains(#""method":"GET","path":"/echo""#))
        }
    }

    @Test(
        "over a socket: no proxy can choose the issuer or claim that the request used TLS",
        arguments: [[], ["127.0.0.1"]])
    func issuer(_ trusted: [String]) async throws {
        let proxies = try TrustedProxies(trusted)
        let providers = [
            MountedProvider(issuer: try Issuer("http://localhost:1"), endpoints: [EchoEndpoint()]),
            MountedProvider(issuer: try Issuer("http://localhost:2"), endpoints: []),
        ]
        try await TestServer.run(providers: providers, configure: { $0.proxies = proxies }) { server in
            for (host, other, status) in [("localhost:1", "localhost:2", 200), ("localhost:2", "localhost:1", 404)] {
                let response = try await RawConnection.run(to: server.port) { connection in
                    try await connection.send(
                        "GET /echo HTTP/1.1\r\nHost: \(host)\r\nX-Forwarded-Host: \(other)\r\n"
                            + "X-Forwarded-Proto: https\r\nForwarded: host=\"\(other)\";proto=https\r\n\r\n")
                    return try #require(try await connection.response())
                }
                #expect(response.status == status)
                #expect(response.fields["strict-transport-security"] == nil)
            }
        }
    }

    @Test(
        "over a socket: only a trusted peer's headers are used",
        arguments: [
            ([], "127.0.0.1"), (["127.0.0.0/8"], "198.51.100.7"),
        ])
    func overSocket(_ trusted: [String], expected: String) async throws {
        let proxies = try TrustedProxies(trusted)
        try await TestServer.run(configure: { $0.proxies = proxies }) { server in
            try await TestClient.run { client in
                let answer = try await client.get(
                    "http://127.0.0.1:\(server.port)/echo", ["X-Forwarded-For": "1.1.1.1, 198.51.100.7"])
                #expect(answer.text.contains("\"client\":\"\(expected)\""))
            }
        }
    }
}
