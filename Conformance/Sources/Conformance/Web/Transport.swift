import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// Sends requests with limits on time, size, and retries. Follows no redirects.
package final class Transport: Sendable {
    /// The limits of one exchange.
    package struct Limits: Sendable {
        /// The time limit for the complete response, in seconds.
        package var seconds: Double = 15
        /// The maximum size of a response body, in bytes.
        package var bodySize = 1 << 20
        /// The total time to spend on retries that the provider asks for with `Retry-After`, in seconds.
        package var patience: Double = 90

        package init() {}
    }

    private let client: HTTPClient
    private let limits: Limits
    private let tls: TLSConfiguration

    /// `trustedRoots` is the path of a PEM file with certificates to trust in addition to those of the system.
    package init(limits: Limits = Limits(), trustedRoots: String? = nil) {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let trustedRoots { tls.additionalTrustRoots = [.file(trustedRoots)] }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10), read: .seconds(Int64(limits.seconds.rounded(.up)))))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        // Reports an unreachable provider immediately instead of after the time limit.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.limits = limits
        self.tls = tls
    }

    package func close() async { try? await client.shutdown() }

    /// Sends and records a request. Retries after `Retry-After`. Throws `Misbehaviour` if there is no response.
    package func send(_ request: WebRequest, recording log: ExchangeLog) async throws -> WebAnswer {
        let deadline = ContinuousClock.now + .seconds(limits.patience)
        while true {
            let answer = try await sendOnce(request, recording: log)
            // Jitter, because several modules wait for the same moment.
            guard [429, 503].contains(answer.status), let asked = answer.header("Retry-After").flatMap(Double.init),
                asked >= 0, ContinuousClock.now + .seconds(asked + 1) < deadline
            else { return answer }
            try await Task.sleep(for: .seconds(asked + .random(in: 0...1)))
        }
    }

    private func sendOnce(_ request: WebRequest, recording log: ExchangeLog) async throws -> WebAnswer {
        let start = ContinuousClock.now
        let result = await exchange(request)
        try Task.checkCancellation()
        log.record(request, result, since: start)
        return try result.get()
    }

    private func exchange(_ request: WebRequest) async -> Result<WebAnswer, Misbehaviour> {
        do {
            return .success(try await within(limits.seconds) { try await self.execute(request) })
        } catch let error as DeadlinePassed {
            return .failure(Misbehaviour("no complete response within \(Int(error.seconds)) s"))
        } catch is NIOTooManyBytesError {
            return .failure(Misbehaviour("the response is larger than \(limits.bodySize) bytes"))
        } catch {
            return .failure(Misbehaviour("the exchange failed: \(error)"))
        }
    }

    /// Returns `nil` if the request needs nothing but the usual parameters.
    private func configuration(for request: WebRequest) throws -> TLSConfiguration? {
        guard request.certificate != nil || request.offer != nil else { return nil }
        var tls = tls
        if let certificate = request.certificate {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.chain.utf8))
                .map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.key.utf8), format: .pem))
        }
        if let offer = request.offer {
            (tls.minimumTLSVersion, tls.maximumTLSVersion) = (offer.version, offer.version)
            if !offer.suites.isEmpty { tls.cipherSuiteValues = offer.suites }
        }
        return tls
    }

    private func execute(_ request: WebRequest) async throws -> WebAnswer {
        var outgoing = HTTPClientRequest(url: request.address.text)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(string: body)) }
        outgoing.tlsConfiguration = try configuration(for: request)
        let response = try await client.execute(outgoing, timeout: .seconds(Int64(limits.seconds.rounded(.up))))
        let body = try await response.body.collect(upTo: limits.bodySize)
        return WebAnswer(
            status: Int(response.status.code), headers: response.headers.map { Parameter($0.name, $0.value) },
            body: Array(buffer: body))
    }
}
