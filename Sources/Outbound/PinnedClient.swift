import AsyncHTTPClient
import HTTPTypes
import IdentityProvider
import Instrumentation
import NIOCore
import NIOHTTP1
import NIOSSL
import Tracing

/// Sends one request to one address that was checked. The certificate must be for the name in the URL.
struct PinnedClient: Sendable {
    let destination: Destination
    let address: ResolvedAddress
    let policy: FetchPolicy

    /// Throws `FetchError` or `CancellationError`.
    func send(_ request: FetchRequest) async throws -> FetchResponse {
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: try configuration())
        // Nobody waits for it: a server that never confirms the end of TLS would hold the response back.
        defer { Task { try? await client.shutdown() } }
        do { return try await exchange(request, client) } catch { throw self.error(for: error) }
    }

    private func configuration() throws(FetchError) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        // RFC 9325 §3.1.1.
        tls.minimumTLSVersion = .tlsv12
        if case .file(let path) = policy.authorities {
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
                throw .unreadableAuthorities(file: path)
            }
            tls.trustRoots = .certificates(certificates)
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout.connect = min(.seconds(5), TimeAmount(policy.timeout))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.dnsOverride = [destination.host: address.text]
        // The client's own span would record the whole URL.
        configuration.tracing.tracer = nil
        return configuration
    }

    private func exchange(_ request: FetchRequest, _ client: HTTPClient) async throws -> FetchResponse {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = .RAW(value: request.method.rawValue)
        outgoing.headers = ["User-Agent": "martlet"]
        if !policy.mediaTypes.isEmpty {
            outgoing.headers.add(name: "Accept", value: policy.mediaTypes.joined(separator: ", "))
        }
        for field in request.headers { outgoing.headers.replaceOrAdd(name: field.name.rawName, value: field.value) }
        if let context = ServiceContext.current {
            InstrumentationSystem.instrument.inject(context, into: &outgoing.headers, using: HeadersInjector())
        }
        if !request.body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        let response = try await client.execute(outgoing, timeout: TimeAmount(policy.timeout))
        let body = try await response.body.collect(upTo: policy.maximumSize)
        // A canceled body ends early, as if it were complete.
        try Task.checkCancellation()
        var headers = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
        return FetchResponse(status: Int(response.status.code), headers: headers, body: Array(body.readableBytesView))
    }

    /// The guard that `error` stands for.
    private func error(for error: any Error) -> any Error {
        let host = destination.host
        switch error {
        case is NIOTooManyBytesError: return FetchError.tooLarge(host: host, limit: policy.maximumSize)
        case NIOSSLError.handshakeFailed, is NIOSSLExtraError:
            return FetchError.untrusted(host: host, reason: "\(error)")
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout, .tlsHandshakeTimeout, .readTimeout, .writeTimeout, .deadlineExceeded:
                return FetchError.timedOut(host: host, after: policy.timeout)
            case .cancelled: return CancellationError()
            default: return FetchError.unreachable(host: host, reason: "\(error)")
            }
        case is CancellationError: return error
        default: return FetchError.unreachable(host: host, reason: "\(error)")
        }
    }
}

private struct HeadersInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout HTTPHeaders) {
        headers.replaceOrAdd(name: key, value: value)
    }
}
