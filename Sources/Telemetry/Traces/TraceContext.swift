import Synchronization
package import Tracing

/// The identity of a span within a trace (W3C Trace Context Level 1 §3.2).
///
/// A class, although it never changes: a context would copy a value of this size into a box each time it is asked for it.
package final class TraceContext: Sendable {
    /// The trace identifier, sixteen bytes, not all zero.
    package let high: UInt64
    package let low: UInt64
    /// The span identifier, not zero.
    package let span: UInt64
    package let isSampled: Bool
    /// What other systems wish to be passed on (§3.3).
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

    /// `nil` when the field is malformed: then a new trace begins.
    package convenience init?(traceparent: String, tracestate: String?) {
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
            state: tracestate.flatMap { TraceState.isValid($0) ? $0 : nil }, isOurs: false)
    }

    /// The next span of the same trace, or of a new one.
    convenience init(below parent: TraceContext?, isSampled: (_ low: UInt64) -> Bool) {
        let low = parent?.low ?? TraceNumbers.next()
        self.init(
            high: parent?.high ?? TraceNumbers.next(), low: low, span: TraceNumbers.next(),
            isSampled: parent?.isSampled ?? isSampled(low), state: parent?.state, isOurs: true)
    }

    /// 32 lower-case hexadecimal digits.
    package var traceID: String { Hexadecimal.text(high, low) }
    /// 16 lower-case hexadecimal digits.
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

/// Numbers for traces and spans. They must be unlikely to meet again, not hard to guess: a generator of our own, seeded by
/// the system, saves a system call for each (SplitMix64; Steele, Lea, Flood, OOPSLA 2014).
enum TraceNumbers {
    private static let state = Atomic<UInt64>(.random(in: 0...UInt64.max))
    /// Processes that were seeded near each other must not go through the same numbers.
    private static let mask = UInt64.random(in: 0...UInt64.max)

    /// Not zero.
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

    /// The span under way.
    package var traceContext: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
