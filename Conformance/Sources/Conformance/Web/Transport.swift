import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// Sends requests, follows nothing, and bounds everything: time, size, repetitions.
package final class Transport: Sendable {
    /// Bounds of one exchange.
    package struct Limits: Sendable {
        /// Seconds until the whole answer must be there.
        package var seconds: Double = 15
        /// Bytes of an answer's body.
        package var bodySize = 1 << 20
        /// How long a provider that asks for patience (`Retry-After`) is waited for in all, in seconds.
        package var patience: Double = 90

        package init() {}
    }

    private let client: HTTPClient
    private let limits: Limits

    /// `trustedRoots` is a PEM file of certificates that are believed besides those of the system.
    package init(limits: Limits = Limits(), trustedRoots: String? = nil) {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let trustedRoots { tls.additionalTrustRoots = [.file(trustedRoots)] }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10), read: .seconds(Int64(limits.seconds.rounded(.up)))))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        // A provider that is not there is told at once, not when the time is up.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.limits = limits
    }

    package func close() async { try? await client.shutdown() }

    /// Sends and records. A provider that asks to wait is waited for. Throws `Misbehaviour` when no answer comes.
    package func send(_ request: WebRequest, recording log: ExchangeLog) async throws -> WebAnswer {
        let deadline = ContinuousClock.now + .seconds(limits.patience)
        while true {
            let answer = try await sendOnce(request, recording: log)
            // Several wait for the same moment: a little chance lets each come through.
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
            return .failure(Misbehaviour("no whole answer within \(Int(error.seconds)) s"))
        } catch is NIOTooManyBytesError {
            return .failure(Misbehaviour("the answer is larger than \(limits.bodySize) bytes"))
        } catch {
            return .failure(Misbehaviour("the exchange failed: \(error)"))
        }
    }

    private func execute(_ request: WebRequest) async throws -> WebAnswer {
        var outgoing = HTTPClientRequest(url: request.address.text)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(string: body)) }
        let response = try await client.execute(outgoing, timeout: .seconds(Int64(limits.seconds.rounded(.up))))
        let body = try await response.body.collect(upTo: limits.bodySize)
        return WebAnswer(
            status: Int(response.status.code), headers: response.headers.map { Parameter($0.name, $0.value) },
            body: Array(buffer: body))
    }
}
