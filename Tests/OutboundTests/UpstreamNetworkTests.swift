import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider
@testable import Outbound

@Suite("Upstreams that misbehave on the network", .timeLimit(.minutes(5)))
struct UpstreamNetworkTests {
    private enum Answer: Sendable {
        case json(String)
        case redirect(to: String)
        case silence
    }

    /// What an honest provider would answer until the JWK Set is read.
    private static func honest(_ path: String, _ host: String) -> Answer {
        switch path {
        case "/.well-known/openid-configuration":
            .json(
                """
                {"issuer": "http://\(host)", "authorization_endpoint": "http://\(host)/authorize",
                 "token_endpoint": "http://\(host)/token", "jwks_uri": "http://\(host)/jwks"}
                """)
        case "/token": .json(#"{"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"}"#)
        default: .json(#"{"keys": []}"#)
        }
    }

    private func server(_ bad: [String: Answer]) async throws -> OriginServer {
        try await OriginServer(nil) { asked, output in
            switch bad[asked.path] ?? Self.honest(asked.path, asked.fields["host"] ?? "") {
            case .json(let body): try await output.respond(200, ["Content-Type: application/json"], body)
            case .redirect(let target): try await output.respond(302, ["Location: \(target)"], "")
            case .silence: break
            }
        }
    }

    /// Redeems a code at the upstream with this issuer and returns the failure.
    private func failure(_ issuer: String, isInPrivateNetwork: Bool = true) async throws -> UpstreamFailure? {
        let test = try await TestIssuer(fetcher: GuardedFetcher())
        let document: JSONObject = [
            "id": "up", "issuer": .string(issuer), "client_id": "c", "private_network": .bool(isInPrivateNetwork),
        ]
        let upstream = try Upstream(document, sealedSecret: test.core.sealer.seal("s", of: Upstream(document)))
        let exchange = UpstreamExchange(
            code: "c", redirectURI: "r", nonce: "n", verifier: "v", startedAt: test.clock.now, maxAge: nil)
        let client = UpstreamClient(test.core)
        do {
            _ = try await client.identity(from: exchange, at: client.metadata(of: upstream), of: upstream)
        } catch let failure as UpstreamFailure { return failure }
        return nil
    }

    private static let paths = ["/.well-known/openid-configuration", "/token", "/jwks"]

    @Test("no redirect is followed, to a private address or elsewhere", arguments: paths)
    func redirects(_ path: String) async throws {
        let inner = try await server([:])
        for target in ["http://localhost:\(inner.port)/", "http://169.254.169.254/latest/meta-data/"] {
            let outer = try await server([path: .redirect(to: target)])
            let failure = try #require(try await failure("http://localhost:\(outer.port)"))
            #expect(failure.reason == .invalid)
            #expect(failure.cause as? FetchError == .redirected(host: "localhost", status: 302))
        }
        #expect(inner.asked.isEmpty)
    }

    @Test("a JWK Set of 10 MB is cut off")
    func largeKeySet() async throws {
        let key = #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},"#
        let body = #"{"keys":["# + String(repeating: key, count: 10_000_000 / key.utf8.count) + "{}]}"
        let server = try await server(["/jwks": .json(body)])
        let failure = try #require(try await failure("http://localhost:\(server.port)"))
        #expect(failure.reason == .invalid)
        #expect(failure.cause as? FetchError == .tooLarge(host: "localhost", limit: 524_288))
    }

    @Test("an upstream that accepts connections and never answers is unavailable after ten seconds", arguments: paths)
    func hangs(_ path: String) async throws {
        let server = try await server([path: .silence])
        let failure = try #require(try await failure("http://localhost:\(server.port)"))
        #expect(failure.reason == .unavailable)
        #expect(failure.cause as? FetchError == .timedOut(host: "localhost", after: .seconds(10)))
    }

    @Test("an upstream with a private address is refused unless the operator allows it")
    func privateAddress() async throws {
        let server = try await server([:])
        let failure = try #require(
            try await failure("https://localhost:\(server.port)", isInPrivateNetwork: false))
        #expect(failure.reason == .invalid)
        #expect(failure.cause as? FetchError == .privateAddress(host: "localhost"))
        #expect(server.asked.isEmpty)
    }
}
