import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// The collector, as one request sees it.
struct Collector: Sendable {
    enum Answer: Equatable {
        /// `rejected` records were not taken, and must not be sent again.
        case taken(rejected: Int)
        /// It may be taken later: `after` seconds, if the collector said so.
        case retry(after: Int?, cause: String)
        case refused(cause: String)
    }

    /// An answer is a few bytes; more is nothing that a collector says.
    private static let answerLimit = 64 << 10

    private let client: HTTPClient
    private let settings: OTLPSettings

    init(_ settings: OTLPSettings) {
        self.settings = settings
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(30)))
        // Telemetry about telemetry would never end.
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
            // No answer, or half of one: nobody knows whether it arrived. Twice is better than never.
            return .retry(after: nil, cause: "\(type(of: error))")
        }
    }

    /// OTLP §OTLP/HTTP Response: what may pass, and what is for ever.
    static func answer(_ status: Int, retryAfter: String?, _ body: [UInt8]) -> Answer {
        switch status {
        case 200..<300: .taken(rejected: rejected(body))
        case 429, 502, 503, 504: .retry(after: retryAfter.flatMap { RetryAfter.seconds($0) }, cause: "status \(status)")
        default: .refused(cause: "status \(status)")
        }
    }

    /// `partial_success.rejected_spans`, or what it is called for the other signals.
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
