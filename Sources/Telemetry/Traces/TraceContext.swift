package import Tracing

/// The identity of a span within a trace (W3C Trace Context Level 1 §3.2).
package struct TraceContext: Sendable, Hashable {
    /// The trace identifier, sixteen bytes, not all zero.
    package let high: UInt64
    package let low: UInt64
    /// The span identifier, not zero.
    package let span: UInt64
    package let isSampled: Bool
    /// What other systems wish to be passed on (§3.3).
    package let state: String?

    package init(high: UInt64, low: UInt64, span: UInt64, isSampled: Bool, state: String? = nil) {
        self.high = high
        self.low = low
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }

    /// `nil` when the field is malformed: then a new trace begins.
    package init?(traceparent: String, tracestate: String?) {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, let version = Self.number(parts[0], 2), version != 0xFF,
            let flags = Self.number(parts[3], 2), parts[1].utf8.count == 32,
            let high = Self.number(parts[1].prefix(16), 16), let low = Self.number(parts[1].suffix(16), 16),
            let span = Self.number(parts[2], 16), span != 0, high | low != 0,
            // Later versions may append parts; this one has four (§4.1).
            version != 0 || parts.count == 4
        else { return nil }
        self.init(
            high: high, low: low, span: span, isSampled: flags & 1 == 1,
            state: tracestate.flatMap { (1...512).contains($0.utf8.count) ? $0 : nil })
    }

    /// The next span of the same trace, or of a new one.
    init(below parent: TraceContext?, isSampled: (_ low: UInt64) -> Bool) {
        let low = parent?.low ?? .random(in: 1...UInt64.max)
        self.init(
            high: parent?.high ?? .random(in: 0...UInt64.max), low: low, span: .random(in: 1...UInt64.max),
            isSampled: parent?.isSampled ?? isSampled(low), state: parent?.state)
    }

    /// 32 lower-case hexadecimal digits.
    package var traceID: String { Hexadecimal.text(high, low) }
    /// 16 lower-case hexadecimal digits.
    package var spanID: String { Hexadecimal.text(span) }
    package var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    /// Only lower-case digits count (§3.2.2).
    private static func number(_ text: Substring, _ length: Int) -> UInt64? {
        guard text.utf8.count == length else { return nil }
        var number: UInt64 = 0
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39: number = number << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: number = number << 4 | UInt64(byte - 0x57)
            default: return nil
            }
        }
        return number
    }
}

/// Numbers as the identifiers of traces are written.
enum Hexadecimal {
    /// Sixteen lower-case digits a number.
    static func text(_ numbers: UInt64...) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(16 * numbers.count)
        for number in numbers {
            for shift in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 0xF
                digits.append(digit + (digit < 10 ? 0x30 : 0x57))
            }
        }
        return String(decoding: digits, as: UTF8.self)
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
