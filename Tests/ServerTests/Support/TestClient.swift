import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// A well-behaved client, which uses HTTP/2 if the server offers it.
struct TestClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        let isHTTP2: Bool
        let fields: [String: String]
        let text: String
    }

    private let client: HTTPClient

    static func run<Result: Sendable>(
        tls: TLSConfiguration = .client(["h2", "http/1.1"]), _ body: (TestClient) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.redirectConfiguration = .disallow
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(TestClient(client: client))
            try await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    func get(_ url: String, _ fields: [String: String] = [:]) async throws -> Answer {
        try await send("GET", url, fields)
    }

    func send(
        _ method: String, _ url: String, _ fields: [String: String] = [:], body: HTTPClientRequest.Body? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .RAW(value: method)
        for (name, value) in fields { request.headers.add(name: name, value: value) }
        request.body = body
        let response = try await client.execute(request, timeout: .seconds(20))
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        return Answer(
            status: Int(response.status.code), isHTTP2: response.version == .http2,
            fields: Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { $0 + ", " + $1 }, text: text
        )
    }
}
