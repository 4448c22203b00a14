package import FoundationEssentials

/// The source of the current time.
package struct SystemClock: Sendable {
    package let now: @Sendable () -> Date
    package init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }
}
