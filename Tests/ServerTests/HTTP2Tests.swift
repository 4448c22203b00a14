import IdentityProvider
import NIOHPACK
import NIOSSL
import Testing

@testable import Server

private let start = [(":method", "GET"), (":scheme", "https"), (":path", "/echo")]

@Suite("RFC 9113: valid requests, and what keeps a connection open", .timeLimit(.minutes(1)))
struct HTTP2Tests {
    private func run(
        configure: (inout ServerSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (inout RawHTTP2) async throws -> Void
    ) async throws {
        let certificate = try TestCertificate("localhost")
        defer { certificate.remove() }
        try await TestServer.run(tls: certificate.files, configure: configure) { server in
            try await RawConnection.run(to: server.port, tls: .client(["h2"])) { connection in
                var client = try await RawHTTP2(connection)
                try await body(&client)
            }
        }
    }

    @Test(
        "a malformed head gets 400, and the connection stays open (§8.2.1, §8.3.1)",
        arguments: [
            ("authority", start + [(":authority", "a")], 200),
            ("Host instead", start + [("host", "a")], 200),
            ("both alike", start + [(":authority", "a"), ("host", "A")], 200),
            ("neither", start, 400),
            ("an empty authority", start + [(":authority", "")], 400),
            ("an empty Host", start + [("host", "")], 400),
            ("another Host", start + [(":authority", "a"), ("host", "b")], 400),
            ("two Hosts", start + [("host", "a"), ("host", "a")], 400),
            ("user information", start + [(":authority", "u@a")], 400),
            ("a space before a value", start + [(":authority", "a"), ("x", " b")], 400),
            ("a space after a value", start + [(":authority", "a"), ("x", "b ")], 400),
            ("a tab before a value", start + [(":authority", "a"), ("x", "\tb")], 400),
            ("nothing but a space", start + [(":authority", "a"), ("x", " ")], 400),
            ("an empty value", start + [(":authority", "a"), ("x", "")], 200),
            ("a space within a value", start + [(":authority", "a"), ("x", "b c")], 200),
            ("a path that is no ASCII", Array(start.dropLast()) + [(":path", "/\u{E4}"), (":authority", "a")], 400),
            ("a path without a slash", Array(start.dropLast()) + [(":path", "echo"), (":authority", "a")], 400),
        ] as [(String, [(String, String)], Int)])
    func malformedHead(_ name: String, _ head: [(String, String)], expected: Int) async throws {
        try await run { client in
            try await client.send(head: head)
            #expect(try await client.status() == expected, "\(name)")
            #expect(client.fields["cross-origin-resource-policy"] == ["same-origin"])
            try await client.get("/echo", stream: 3)
            #expect(try await client.status() == 200)
        }
    }

    @Test("a malformed head gets its response before the body arrives, and its stream ends")
    func malformedWithBody() async throws {
        try await run { client in
            try await client.send(head: start, isWhole: false)
            #expect(try await client.status() == 400)
            #expect(try await client.next(RawHTTP2.Frame.reset) != nil)
        }
    }

    @Test("a client may ping before each request (§6.7)")
    func pingBeforeEachRequest() async throws {
        try await run { client in
            for number in 0..<20 as Range<UInt32> {
                try await client.ping()
                try await client.get("/echo", stream: 2 * number + 1)
                #expect(try await client.status() == 200)
            }
        }
    }

    @Test("a client that only pings is disconnected with ENHANCE_YOUR_CALM (§10.5)")
    func onlyPings() async throws {
        try await run { client in
            // This also acknowledges the settings, so nothing from the client is in flight when the server closes.
            try await client.get("/echo")
            #expect(try await client.status() == 200)
            for _ in 0..<4 { try await client.ping() }
            let frame = try #require(try await client.next(RawHTTP2.Frame.goAway))
            #expect(frame.payload[4...7] == [0, 0, 0, 11])
            #expect(try await client.next() == nil)
        }
    }

    @Test("frames other than requests don't keep a connection open")
    func noise() async throws {
        try await run(configure: {
            $0.limits.idleTimeout = 0.5
            $0.limits.requestDeadline = 0.5
        }) { client in
            let noise = client.noise
            defer { noise.cancel() }
            let goAway = try await client.next(RawHTTP2.Frame.goAway)
            #expect(goAway != nil)
            let end = try await client.next()
            #expect(end == nil)
        }
    }
}
