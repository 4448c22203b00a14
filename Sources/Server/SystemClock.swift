package import FoundationEssentials

/// Where the time comes from.
package struct SystemClock: Sendable {
    package let now: @Sendable () -> Date
    package init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }
}
