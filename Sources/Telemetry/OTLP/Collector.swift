import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// A client for the collector.
struct Collector: Sendable {
    enum Answer: Equatable {
        /// Accepted, apart from `rejected` records, which must not be sent again.
        case taken(rejected: Int)
        /// A temporary failure. `after` is the delay that the collector asked for, in seconds.
        case retry(after: Int?, cause: String)
        case refused(cause: String)
    }

    /// The maximum size of a response in bytes. Real ones are far smaller.
    private static let answerLimit = 64 << 10

    private let client: HTTPClient
    private let settings: OTLPSettings

    init(_ settings: OTLPSettings) {
        self.settings = settings
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(30)))
        // Tracing telemetry exports would produce telemetry endlessly.
        configuration.tracing.tracer = nil
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = OTLPSignal.allCases.count
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func send(_ body: [UInt8], of signal: OTLPSignal) async -> Answer {
        var request = HTTPClientRequest(url: settings.endpoint + signal.path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-protobuf")
        request.headers.add(name: "User-Agent", value: "OTel-OTLP-Exporter-Swift/martlet")
        for (name, value) in settings.headers { request.headers.replaceOrAdd(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let deadline = NIODeadline.now() + TimeAmount(settings.timeout)
            let response = try await client.execute(request, deadline: deadline)
            let answer = try await response.body.collect(upTo: Self.answerLimit)
            return Self.answer(
                Int(response.status.code), retryAfter: response.headers.first(name: "Retry-After"),
                Array(answer.readableBytesView))
        } catch {
            // With no response or a partial one, it is unknown whether the records arrived. Duplicates are better than
            // loss.
            return .retry(after: nil, cause: "\(type(of: error))")
        }
    }

    /// Distinguishes temporary from permanent failures (OTLP §OTLP/HTTP Response).
    static func answer(_ status: Int, retryAfter: String?, _ body: [UInt8]) -> Answer {
        switch status {
        case 200..<300: .taken(rejected: rejected(body))
        case 429, 502, 503, 504: .retry(after: retryAfter.flatMap { RetryAfter.seconds($0) }, cause: "status \(status)")
        default: .refused(cause: "status \(status)")
        }
    }

    /// The `partial_success.rejected_spans` of the response, or its equivalent for other signals.
    private static func rejected(_ body: [UInt8]) -> Int {
        var answer = ProtobufReader(body)
        while let (field, value) = answer.next() {
            guard field == 1, case .bytes(let partial) = value else { continue }
            var reader = ProtobufReader(partial)
            while let (field, value) = reader.next() {
                if field == 1, case .number(let count) = value { return Int(clamping: Int64(bitPattern: count)) }
            }
        }
        return 0
    }

    func close() async { try? await client.shutdown() }
}
