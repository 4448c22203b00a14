import AsyncHTTPClient
import Glibc
import HTTPTypes
import IdentityProvider
import Instrumentation
import NIOCore
import NIOHTTP1
import NIOSSL
import Tracing

/// Sends one request to one address that has been checked. The certificate must match the host name in the URL.
struct PinnedClient: Sendable {
    /// The maximum size of a response's header fields, in bytes.
    static let maximumFieldSize = 16_384

    let destination: Destination
    let address: ResolvedAddress
    let policy: FetchPolicy
    let tls: TLSConfiguration

    /// Throws `NotConnected` before anything is sent, then `FetchError` or `CancellationError`.
    func send(_ request: FetchRequest) async throws -> FetchResponse {
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        // In the background: a server that never completes the TLS shutdown would delay the response.
        defer { Task { try? await client.shutdown() } }
        do { return try await exchange(outgoing(request), client) } catch { throw translate(error) }
    }

    private var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout.connect = min(.seconds(5), TimeAmount(policy.timeout))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.dnsOverride = [destination.host: address.text]
        // The client's own span would record the whole URL.
        configuration.tracing.tracer = nil
        return configuration
    }

    func outgoing(
        _ request: FetchRequest, instrument: any Instrument = InstrumentationSystem.instrument
    ) -> HTTPClientRequest {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = .RAW(value: request.method.rawValue)
        outgoing.headers = ["User-Agent": "martlet"]
        if !policy.mediaTypes.isEmpty {
            outgoing.headers.add(name: "Accept", value: policy.mediaTypes.joined(separator: ", "))
        }
        for field in request.headers { outgoing.headers.remove(name: field.name.rawName) }
        for field in request.headers { outgoing.headers.add(name: field.name.rawName, value: field.value) }
        if policy.propagatesTrace, let context = ServiceContext.current {
            instrument.inject(context, into: &outgoing.headers, using: HeadersInjector())
        }
        if !request.body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        return outgoing
    }

    private func exchange(_ request: HTTPClientRequest, _ client: HTTPClient) async throws -> FetchResponse {
        let response = try await client.execute(request, timeout: TimeAmount(policy.timeout))
        let fieldSize = response.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard fieldSize <= Self.maximumFieldSize else {
            throw FetchError.fieldsTooLarge(host: destination.host, limit: Self.maximumFieldSize)
        }
        let body = try await response.body.collect(upTo: policy.maximumSize)
        // The body of a canceled request ends early, as if it were complete.
        try Task.checkCancellation()
        var headers = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
        return FetchResponse(status: Int(response.status.code), headers: headers, body: Array(body.readableBytesView))
    }

    /// Returns the `FetchError` for an error of the client.
    private func translate(_ error: any Error) -> any Error {
        let host = destination.host
        func unreachable() -> FetchError { .unreachable(host: host, reason: "\(error)".excerpt) }
        switch error {
        case is NIOTooManyBytesError: return FetchError.tooLarge(host: host, limit: policy.maximumSize)
        case NIOSSLError.handshakeFailed, is NIOSSLExtraError:
            return FetchError.untrusted(host: host, reason: "\(error)".excerpt)
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout: return NotConnected(reason: .timedOut(host: host, after: policy.timeout))
            case .tlsHandshakeTimeout, .readTimeout, .writeTimeout, .deadlineExceeded:
                return FetchError.timedOut(host: host, after: policy.timeout)
            case .cancelled: return CancellationError()
            default: return unreachable()
            }
        // connect(2) fails with these errors. An established connection never does.
        case let error as IOError
        where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT].contains(error.errnoCode):
            return NotConnected(reason: unreachable())
        case is CancellationError, is FetchError: return error
        default: return unreachable()
        }
    }
}

/// The address didn't accept a connection, so nothing was sent.
struct NotConnected: Error {
    let reason: FetchError
}

private struct HeadersInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout HTTPHeaders) {
        headers.replaceOrAdd(name: key, value: value)
    }
}
