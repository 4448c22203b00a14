import Synchronization
package import Tracing

/// The identity of a span within a trace (W3C Trace Context Level 1 §3.2).
///
/// A class although it is immutable, because a service context would box a value of this size on each access.
package final class TraceContext: Sendable {
    /// The first half of the trace ID, which has sixteen bytes and is not all zero.
    package let high: UInt64
    package let low: UInt64
    /// The span ID, which is not zero.
    package let span: UInt64
    package let isSampled: Bool
    /// The `tracestate` of other systems, to be passed on (§3.3).
    package let state: String?
    /// Whether the span began in this process.
    let isOurs: Bool

    init(high: UInt64, low: UInt64, span: UInt64, isSampled: Bool, state: String?, isOurs: Bool) {
        self.high = high
        self.low = low
        self.span = span
        self.isSampled = isSampled
        self.state = state
        self.isOurs = isOurs
    }

    /// Returns `nil` if `traceparent` is malformed. A new trace then begins.
    package convenience init?(traceparent: String, tracestate: String?) {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, let version = Self.number(parts[0], 2), version != 0xFF,
            let flags = Self.number(parts[3], 2), parts[1].utf8.count == 32,
            let high = Self.number(parts[1].prefix(16), 16), let low = Self.number(parts[1].suffix(16), 16),
            let span = Self.number(parts[2], 16), span != 0, high | low != 0,
            // Later versions may append parts; version 0 has exactly four (§4.1).
            version != 0 || parts.count == 4
        else { return nil }
        self.init(
            high: high, low: low, span: span, isSampled: flags & 1 == 1,
            state: tracestate.flatMap { TraceState.isValid($0) ? $0 : nil }, isOurs: false)
    }

    /// Creates a child span of `parent`, or the first span of a new trace.
    convenience init(below parent: TraceContext?, isSampled: (_ low: UInt64) -> Bool) {
        let low = parent?.low ?? TraceNumbers.next()
        self.init(
            high: parent?.high ?? TraceNumbers.next(), low: low, span: TraceNumbers.next(),
            isSampled: parent?.isSampled ?? isSampled(low), state: parent?.state, isOurs: true)
    }

    /// 32 lowercase hexadecimal digits.
    package var traceID: String { Hexadecimal.text(high, low) }
    /// 16 lowercase hexadecimal digits.
    package var spanID: String { Hexadecimal.text(span) }
    package var traceparent: String {
        var digits: [UInt8] = [0x30, 0x30, 0x2D]
        digits.reserveCapacity(55)
        Hexadecimal.append(high, to: &digits)
        Hexadecimal.append(low, to: &digits)
        digits.append(0x2D)
        Hexadecimal.append(span, to: &digits)
        digits += isSampled ? [0x2D, 0x30, 0x31] : [0x2D, 0x30, 0x30]
        return String(decoding: digits, as: UTF8.self)
    }

    /// Accepts only lowercase digits (§3.2.2).
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

/// The hexadecimal format of trace and span IDs.
enum Hexadecimal {
    /// Sixteen lowercase digits per number.
    static func text(_ numbers: UInt64...) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(16 * numbers.count)
        for number in numbers { append(number, to: &digits) }
        return String(decoding: digits, as: UTF8.self)
    }

    static func append(_ number: UInt64, to digits: inout [UInt8]) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: number >> shift) & 0xF
            digits.append(digit + (digit < 10 ? 0x30 : 0x57))
        }
    }
}

/// A generator of trace and span IDs. They must be unlikely to repeat but need not be unpredictable, so a generator
/// that is seeded once saves a system call per ID (SplitMix64; Steele, Lea, Flood, OOPSLA 2014).
enum TraceNumbers {
    private static let state = Atomic<UInt64>(.random(in: 0...UInt64.max))
    /// Keeps processes with nearby seeds from producing the same sequence.
    private static let mask = UInt64.random(in: 0...UInt64.max)

    /// Returns the next number, which is never zero.
    static func next() -> UInt64 {
        var number = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        number = (number ^ number >> 30) &* 0xBF58_476D_1CE4_E5B9
        number = (number ^ number >> 27) &* 0x94D0_49BB_1331_11EB
        number = (number ^ number >> 31) ^ mask
        return number == 0 ? 1 : number
    }
}

extension ServiceContext {
    private enum Key: ServiceContextKey {
        typealias Value = TraceContext
    }

    /// The current span.
    package var traceContext: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
