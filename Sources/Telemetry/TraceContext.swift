package import Tracing

/// The identity of a span within a trace (W3C Trace Context Level 1 §3.2).
package struct TraceContext: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// 16 lower-case hexadecimal digits, not all zero.
    package let spanID: String
    package let isSampled: Bool
    /// What other systems wish to be passed on (§3.3).
    package let state: String?

    package init(traceID: String, spanID: String, isSampled: Bool, state: String? = nil) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// `nil` when the field is malformed: then a new trace begins.
    package init?(traceparent: String, tracestate: String?) {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, Self.isHex(parts[0], 2), parts[0] != "ff", Self.isHex(parts[1], 32),
            Self.isHex(parts[2], 16), Self.isHex(parts[3], 2), let flags = UInt8(parts[3], radix: 16),
            // Later versions may append parts; this one has four (§4.1).
            parts[0] != "00" || parts.count == 4,
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        traceID = String(parts[1])
        spanID = String(parts[2])
        isSampled = flags & 1 == 1
        state = tracestate.flatMap { (1...512).contains($0.utf8.count) ? $0 : nil }
    }

    package var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    static func randomHex(_ bytes: Int) -> String {
        let digits = Array("0123456789abcdef".utf8)
        while true {
            let text = (0..<(bytes * 2)).map { _ in digits[Int.random(in: 0..<16)] }
            if text.contains(where: { $0 != 0x30 }) { return String(decoding: text, as: UTF8.self) }
        }
    }

    private static func isHex(_ text: Substring, _ length: Int) -> Bool {
        text.utf8.count == length
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

extension ServiceContext {
    private enum Key: ServiceContextKey {
        typealias Value = TraceContext
    }

    /// The span under way.
    package var traceContext: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
