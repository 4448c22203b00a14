import HTTPTypes
import IdentityProvider
import Outbound
import TestSupport
import Testing

@Suite("Requests to other servers are guarded", .timeLimit(.minutes(5)))
struct GuardedFetcherTests {
    private let fetcher = GuardedFetcher()
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func server(
        for names: String = "DNS:localhost,IP:127.0.0.1,IP:::1",
        _ answer: @escaping OriginServer.Answer = { _, output in try await output.respond() }
    ) async throws -> OriginServer {
        try await OriginServer(authority.context(for: names), answer)
    }

    /// The guard that refuses; `nil` if there is a response.
    private func refusal(_ url: String, under policy: FetchPolicy) async throws -> FetchError? {
        do { _ = try await fetcher.fetch(FetchRequest(.get, url), under: policy) } catch let error as FetchError {
            return error
        }
        return nil
    }

    @Test("a server with a trusted certificate for its name answers, and is told the name and what is wanted")
    func trusted() async throws {
        let server = try await server { asked, output in
            try await output.respond(
                200, ["Content-Type: Application/JSON ; charset=utf-8"], "\(asked.method) \(asked.body)")
        }
        let policy = FetchPolicy.test(authority, mediaTypes: ["application/json", "application/jwk-set+json"])
        for host in ["localhost", "127.0.0.1", "[::1]"] where host != "[::1]" || OriginServer.hasIPv6 {
            let request = FetchRequest(
                .post, "https://\(host):\(server.port)/path?query", headers: [.contentType: "text/plain"],
                body: Array("body".utf8))
            let response = try await fetcher.fetch(request, under: policy)
            #expect(response.status == 200)
            #expect(String(decoding: response.body, as: UTF8.self) == "POST body")
            #expect(response.headers[.contentLength] == "9")
            let asked = try #require(server.asked.last)
            #expect(asked.path == "/path?query")
            #expect(asked.fields["host"] == "\(host):\(server.port)")
            #expect(asked.fields["content-type"] == "text/plain")
            #expect(asked.fields["accept"] == "application/json, application/jwk-set+json")
        }
    }

    @Test("a private address is refused in every form, and the server there sees nothing")
    func privateAddresses() async throws {
        let server = try await server()
        let policy = FetchPolicy.test(allowsPrivateNetworks: false, authority)
        for host in [
            "127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]",
            "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
            "0.0.0.0", "[::]", "10.0.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "[2002:7f00:1::]",
        ] {
            let error = try await refusal("https://\(host):\(server.port)/", under: policy)
            guard case .privateAddress = error else {
                Issue.record("\(host): \(String(describing: error))")
                continue
            }
        }
        #expect(server.asked.isEmpty)
    }

    @Test(
        "an address that is not plainly a URL of a host is refused",
        arguments: [
            "", "localhost", "/path", "https://", "https:///path", "ftp://localhost/", "unix:/tmp/socket",
            "https+unix://%2Ftmp%2Fsocket/", "https://user@localhost/", "https://user:password@localhost/",
            "https://local%68ost/", "https://[fe80::1%25eth0]/", "https://localhost:0/", "https://local host/",
        ])
    func malformed(_ url: String) async throws {
        #expect(try await refusal(url, under: .test()) == .malformedURL)
    }

    @Test("only https leaves this machine")
    func insecure() async throws {
        let plain = try await OriginServer(nil) { _, output in try await output.respond() }
        #expect(try await refusal("http://localhost:\(plain.port)/", under: .test()) == nil)
        #expect(try await refusal("http://192.168.255.1/", under: .test()) == .insecure(host: "192.168.255.1"))
        let error = try await refusal("http://localhost:\(plain.port)/", under: .test(allowsPrivateNetworks: false))
        #expect(error?.description.contains("private network") == true)
        #expect(plain.asked.count == 1)
    }

    @Test("a name without an address, and a server that is not there, are told apart")
    func unreachable() async throws {
        #expect(
            try await refusal("https://no-such-host.invalid/", under: .test()) == .unknownHost("no-such-host.invalid"))
        let error = try await refusal("https://localhost:\(try freePort())/", under: .test())
        guard case .unreachable(host: "localhost", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a redirect is not followed, whether to a private address or elsewhere")
    func redirects() async throws {
        let inner = try await server()
        for status in [301, 302, 303, 307, 308] {
            let outer = try await server { _, output in
                try await output.respond(status, ["Location: https://localhost:\(inner.port)/"], "")
            }
            let error = try await refusal("https://localhost:\(outer.port)/", under: .test(authority))
            #expect(error == .redirected(host: "localhost", status: status))
            #expect(outer.asked.count == 1)
        }
        #expect(inner.asked.isEmpty)
    }

    @Test(
        "a certificate for another name is refused",
        arguments: ["DNS:other.example", "DNS:*.localhost", "IP:127.0.0.2"])
    func wrongName(_ names: String) async throws {
        let server = try await server(for: names)
        for host in ["localhost", "127.0.0.1"] {
            let error = try await refusal("https://\(host):\(server.port)/", under: .test(authority))
            guard case .untrusted(host: host, _) = error else {
                Issue.record("\(host): \(String(describing: error))")
                continue
            }
        }
        #expect(server.asked.isEmpty)
    }

    @Test("a certificate of an authority that the policy does not name is refused")
    func wrongAuthority() async throws {
        let server = try await server()
        let other = try TestAuthority()
        for policy in [FetchPolicy.test(), .test(other)] {
            let error = try await refusal("https://localhost:\(server.port)/", under: policy)
            guard case .untrusted = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        #expect(server.asked.isEmpty)
        withExtendedLifetime(other) {}
        let missing = FetchPolicy(
            operation: "test.fetch", allowsPrivateNetworks: true, authorities: .file("/no/such/file.pem"),
            timeout: .seconds(20), maximumSize: 1, mediaTypes: [], caching: nil)
        let error = try await refusal("https://localhost:\(server.port)/", under: missing)
        #expect(error == .unreadableAuthorities(file: "/no/such/file.pem"))
    }

    @Test("a body that is too large is refused as it comes, whatever its length was said to be")
    func size() async throws {
        let policy = FetchPolicy.test(authority, maximumSize: 1_000)
        let text = String(repeating: "x", count: 1_000)
        let fitting = try await server { _, output in try await output.respond(200, [], text) }
        #expect(try await refusal("https://localhost:\(fitting.port)/", under: policy) == nil)
        let announced = try await server { _, output in try await output.respond(200, [], text + "x") }
        let limit = FetchError.tooLarge(host: "localhost", limit: 1_000)
        #expect(try await refusal("https://localhost:\(announced.port)/", under: policy) == limit)
        let endless = try await server { _, output in
            try await output.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            // Until the client hangs up.
            while true { try await output.send("64\r\n\(String(repeating: "x", count: 100))\r\n") }
        }
        #expect(try await refusal("https://localhost:\(endless.port)/", under: policy) == limit)
    }

    @Test("a server that stays silent or dribbles is given up in time", arguments: [true, false])
    func time(_ dribbles: Bool) async throws {
        let server = try await server { _, output in
            if dribbles { try await output.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") }
            // Until the client hangs up.
            while !Task.isCancelled {
                if dribbles { try await output.send("1\r\nx\r\n") }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        let policy = FetchPolicy.test(authority, timeout: .seconds(1), maximumSize: 1_000_000)
        let start = ContinuousClock.now
        let error = try await refusal("https://localhost:\(server.port)/", under: policy)
        #expect(error == .timedOut(host: "localhost", after: .seconds(1)))
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(server.asked.count == 1)
    }

    @Test("a canceled request ends at once")
    func cancellation() async throws {
        let server = try await server { _, _ in try await Task.sleep(for: .seconds(3_600)) }
        let policy = FetchPolicy.test(authority, timeout: .seconds(600))
        let task = Task { [fetcher] in
            try await fetcher.fetch(FetchRequest(.get, "https://localhost:\(server.port)/"), under: policy)
        }
        try await until("it was asked") { !server.asked.isEmpty }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("a response of another media type, or none, is refused", arguments: ["text/html", "application/jsonp", nil])
    func mediaType(_ type: String?) async throws {
        let server = try await server { _, output in
            try await output.respond(200, type.map { ["Content-Type: \($0)"] } ?? [])
        }
        let policy = FetchPolicy.test(authority, mediaTypes: ["application/json"])
        let error = try await refusal("https://localhost:\(server.port)/", under: policy)
        #expect(error == .mediaType(type, host: "localhost", expected: ["application/json"]))
    }

    @Test(
        "a status other than 2xx is an error that has the response",
        arguments: [(404, false), (429, true), (503, true)])
    func status(_ status: Int, isTransient: Bool) async throws {
        let server = try await server { _, output in try await output.respond(status, [], "gone") }
        let error = try await refusal("https://localhost:\(server.port)/secret", under: .test(authority))
        guard case .unsuccessful(host: "localhost", let response) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(response.status == status)
        #expect(String(decoding: response.body, as: UTF8.self) == "gone")
        #expect(error?.isTransient == isTransient)
        #expect(error?.description.contains("secret") == false)
    }
}
