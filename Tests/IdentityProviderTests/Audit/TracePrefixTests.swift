import FoundationEssentials
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Traces by their first digits")
struct TracePrefixTests {
    @Test("eight to 32 hexadecimal digits name a trace, in either case")
    func parsing() throws {
        #expect(try TracePrefix("2B67E504").text == "2b67e504")
        for text in ["2b67e50", "", "2b67e50g", "2b67e504 ", "2b67e504%", String(repeating: "a", count: 33)] {
            #expect(throws: InvalidValue.self) { try TracePrefix(text) }
        }
    }

    private func record(_ issuer: TestIssuer, _ trace: String) {
        var context = RequestContext()
        context.trace = trace
        RequestContext.$current.withValue(context) { issuer.audit.record(.signedOut) }
    }

    @Test("a prefix finds every trace that begins with it, and no other", arguments: TestEngine.allCases)
    func prefixes(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        let traces = ["2b67e504", "2b67e505", "2b67e504"].enumerated().map { number, digits in
            digits + String(repeating: "\(number)", count: 24)
        }
        for trace in traces { record(issuer, trace) }
        try await issuer.audit.flush()
        func found(_ text: String) async throws -> [String?] {
            try await issuer.stores.audit.records(ofTracesWith: TracePrefix(text), waiting: .zero)
                .compactMap(\.first).map(\.trace)
        }
        #expect(try await found("2b67e504") == [traces[0], traces[2]])
        #expect(try await found("2b67e5042") == [traces[2]])
        #expect(try await found(traces[1]) == [traces[1]])
        #expect(try await found("2b67e506").isEmpty)
        #expect(try await found("00000000").isEmpty)
    }

    @Test("a search waits for records that are about to be stored, and no longer than it should")
    func waiting() async throws {
        let issuer = try await TestIssuer()
        try await issuer.audit.flush()
        let trace = String(repeating: "a", count: 32)
        record(issuer, trace)
        let prefix = try TracePrefix("aaaaaaaa")
        #expect(try await issuer.stores.audit.records(ofTracesWith: prefix, waiting: .zero).isEmpty)
        async let found = issuer.stores.audit.records(ofTracesWith: prefix, waiting: .seconds(60))
        try await issuer.audit.flush()
        #expect(try await found.map { $0.map(\.trace) } == [[trace]])

        let start = ContinuousClock.now
        let none = try await issuer.stores.audit.records(
            ofTracesWith: TracePrefix("bbbbbbbb"), waiting: .milliseconds(500))
        #expect(none.isEmpty)
        #expect(ContinuousClock.now - start < .seconds(30))
    }
}
