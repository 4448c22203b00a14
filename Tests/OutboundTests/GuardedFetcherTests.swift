import AsyncHTTPClient
import Foundation
import HTTPTypes
import IdentityProvider
import InMemoryTracing
import Synchronization
import TestSupport
import Testing
import Tracing

@testable import Outbound

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

    /// Returns the error of the guard, or `nil` if there is a response.
    private func refusal(_ url: String, under policy: FetchPolicy) async throws -> FetchError? {
        do { _ = try await fetcher.fetch(FetchRequest(.get, url), under: policy) } catch let error as FetchError {
            return error
        }
        return nil
    }

    @Test(
        "a server with a trusted certificate for its name receives the request, and its response is returned")
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

    @Test("a private address is refused in every notation, and no request reaches the server")
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
        "a malformed or ambiguous URL is refused",
        arguments: [
            "", "localhost", "/path", "https://", "https:///path", "ftp://localhost/", "unix:/tmp/socket",
            "https+unix://%2Ftmp%2Fsocket/", "https://user@localhost/", "https://user:password@localhost/",
            "https://localhost/#", "https://localhost/#fragment", "https://local%68ost/", "https://[fe80::1%25eth0]/",
            "https://localhost:0/", "https://local host/",
        ])
    func malformed(_ url: String) async throws {
        #expect(try await refusal(url, under: .test()) == .malformedURL)
    }

    @Test("plain http is allowed only to this machine")
    func insecure() async throws {
        let plain = try await OriginServer(nil) { _, output in try await output.respond() }
        #expect(try await refusal("http://localhost:\(plain.port)/", under: .test()) == nil)
        #expect(try await refusal("http://192.168.255.1/", under: .test()) == .insecure(host: "192.168.255.1"))
        let error = try await refusal("http://localhost:\(plain.port)/", under: .test(allowsPrivateNetworks: false))
        #expect(error?.description.contains("private network") == true)
        #expect(plain.asked.count == 1)
    }

    @Test("an unknown name and an unreachable server are different errors")
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

    @Test("a certificate from an authority outside the policy is refused")
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
        // A failure on our side, after which the document is kept.
        #expect(FetchError.unreadableAuthorities(file: "/no/such/file.pem").isTransient)
        let missing = FetchPolicy(
            operation: "test.fetch", allowsPrivateNetworks: true, authorities: .file("/no/such/file.pem"),
            timeout: .seconds(20), maximumSize: 1, mediaTypes: [], caching: nil)
        let error = try await refusal("https://localhost:\(server.port)/", under: missing)
        #expect(error == .unreadableAuthorities(file: "/no/such/file.pem"))
    }

    @Test("an oversized body is refused while it arrives, whatever Content-Length says")
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
            // Blocks until the client disconnects.
            while true { try await output.send("64\r\n\(String(repeating: "x", count: 100))\r\n") }
        }
        #expect(try await refusal("https://localhost:\(endless.port)/", under: policy) == limit)
    }

    @Test("a silent or slow server is abandoned when its time is up", arguments: [true, false])
    func time(_ dribbles: Bool) async throws {
        let server = try await server { _, output in
            if dribbles { try await output.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") }
            // Blocks until the client disconnects.
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

    @Test("header fields of more than 16 KB are refused")
    func fields() async throws {
        let server = try await server { asked, output in
            let size = asked.path == "/large" ? 5_000 : 4_000
            let fields = (0..<4).map { "X-\($0): \(String(repeating: "x", count: size))" }
            try await output.respond(200, fields)
        }
        #expect(try await refusal("https://localhost:\(server.port)/", under: .test(authority)) == nil)
        let error = try await refusal("https://localhost:\(server.port)/large", under: .test(authority))
        #expect(error == .fieldsTooLarge(host: "localhost", limit: 16_384))
    }

    @Test("a request waits for its turn, within its time limit")
    func turns() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let server = try await server { _, output in
            for await _ in gate.stream {}
            try await output.respond()
        }
        let other = try await self.server()
        let waiting = (0..<5).map { _ in
            Task { try await refusal("https://localhost:\(server.port)/", under: .test(authority)) }
        }
        try await until("four were asked") { server.asked.count == 4 }
        let error = try await refusal(
            "https://LOCALHOST:\(server.port)/", under: .test(authority, timeout: .milliseconds(200)))
        #expect(error == .busy(host: "localhost"))
        #expect(error?.isTransient == true)
        #expect(try await refusal("https://localhost:\(other.port)/", under: .test(authority)) == nil)
        #expect(server.asked.count == 4)
        gate.continuation.finish()
        for task in waiting { #expect(try await task.value == nil) }
        #expect(server.asked.count == 5)
    }

    @Test("if an address refuses connections, the next one is tried, and the request is sent once")
    func nextAddress() async throws {
        let server = try await server()
        // All of 127.0.0.0/8 is this machine, but the server listens on only one address of it.
        let addresses = try ["127.0.0.2", "127.0.0.1"].map { try #require(ResolvedAddress($0)) }
        let fetcher = GuardedFetcher(resolver: Resolver(threads: 1) { _ in addresses }, limits: RequestLimits())
        let request = FetchRequest(.post, "https://localhost:\(server.port)/", body: Array("once".utf8))
        _ = try await fetcher.fetch(request, under: .test(authority))
        #expect(server.asked.map(\.body) == ["once"])
        let nowhere = FetchRequest(.post, "https://localhost:\(try freePort())/")
        await #expect(throws: FetchError.self) { try await fetcher.fetch(nowhere, under: .test(authority)) }
    }

    @Test("the file of authorities is read once, and read again after a failure")
    func authoritiesFile() async throws {
        let folder = try Folder()
        let file = folder.url.appending(path: "authorities.pem")
        let server = try await server()
        let policy = FetchPolicy(
            operation: "test.fetch", allowsPrivateNetworks: true, authorities: .file(file.path()),
            timeout: .seconds(20),
            maximumSize: 1_000, mediaTypes: [], caching: nil)
        let url = "https://localhost:\(server.port)/"
        #expect(try await refusal(url, under: policy) == .unreadableAuthorities(file: file.path()))
        try FileManager.default.copyItem(at: URL(filePath: authority.file), to: file)
        #expect(try await refusal(url, under: policy) == nil)
        try FileManager.default.removeItem(at: file)
        #expect(try await refusal(url, under: policy) == nil)
    }

    @Test("every value of a repeated header field is sent, and the request's fields override the policy's")
    func repeatedFields() async throws {
        let server = try await server()
        var headers = HTTPFields()
        let name = try #require(HTTPField.Name("X-Repeated"))
        headers.append(HTTPField(name: name, value: "1"))
        headers.append(HTTPField(name: name, value: "2"))
        headers[.accept] = "text/plain"
        let request = FetchRequest(.get, "https://localhost:\(server.port)/", headers: headers)
        _ = try await fetcher.fetch(request, under: .test(authority, mediaTypes: ["application/json"]))
        #expect(server.asked.first?.fields["x-repeated"] == "1, 2")
        #expect(server.asked.first?.fields["accept"] == "text/plain")
    }

    @Test("the trace is sent only if the policy says so", arguments: [true, false])
    func trace(_ propagates: Bool) async throws {
        let client = PinnedClient(
            destination: try Destination("https://localhost/"), address: try #require(ResolvedAddress("127.0.0.1")),
            policy: .test(propagatesTrace: propagates),
            tls: try await TrustStore().configuration(for: .system))
        let tracer = InMemoryTracer()
        let names = tracer.withSpan("caller") { _ in
            client.outgoing(FetchRequest(.get, "https://localhost/"), instrument: tracer).headers.map(\.name)
        }
        #expect(names.count == (propagates ? 3 : 1), "\(names)")
    }

    @Test("text from a server is truncated in errors")
    func excerpts() async throws {
        let long = String(repeating: "x", count: 10_000)
        let server = try await server { _, output in try await output.respond(200, ["Content-Type: \(long)"]) }
        let error = try await refusal(
            "https://localhost:\(server.port)/", under: .test(authority, mediaTypes: ["application/json"]))
        #expect("\(try #require(error))".count < 500)
        guard case .mediaType(let type?, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(type.count == 200)
        for error in [
            FetchError.untrusted(host: "localhost", reason: long), .unreachable(host: "localhost", reason: long),
        ] { #expect("\(error)".count < 500) }
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

    @Test(
        "a response with another media type, or without one, is refused",
        arguments: ["text/html", "application/jsonp", nil])
    func mediaType(_ type: String?) async throws {
        let server = try await server { _, output in
            try await output.respond(200, type.map { ["Content-Type: \($0)"] } ?? [])
        }
        let policy = FetchPolicy.test(authority, mediaTypes: ["application/json"])
        let error = try await refusal("https://localhost:\(server.port)/", under: policy)
        #expect(error == .mediaType(type, host: "localhost", expected: ["application/json"]))
    }

    @Test(
        "a status other than 2xx is an error that contains the response",
        arguments: [(404, false), (408, true), (425, true), (429, true), (503, true)])
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
