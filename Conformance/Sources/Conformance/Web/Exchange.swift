import Synchronization

/// A request and its result.
package struct Exchange: Sendable {
    package let number: Int
    /// Seconds since the module began.
    package let startedAfter: Double
    package let seconds: Double
    package let request: WebRequest
    package let result: Result<WebAnswer, Misbehaviour>
}

/// The exchanges of one module, in order.
package final class ExchangeLog: Sendable {
    private let began = ContinuousClock.now
    private let exchanges = Mutex<[Exchange]>([])

    package init() {}

    package var all: [Exchange] { exchanges.withLock { $0 } }
    /// The number of the latest exchange; 0 before the first.
    package var latest: Int { exchanges.withLock { $0.count } }

    func record(_ request: WebRequest, _ result: Result<WebAnswer, Misbehaviour>, since start: ContinuousClock.Instant)
    {
        let startedAfter = (start - began).seconds
        let seconds = (ContinuousClock.now - start).seconds
        exchanges.withLock { all in
            all.append(
                Exchange(
                    number: all.count + 1, startedAfter: startedAfter, seconds: seconds, request: request,
                    result: result))
        }
    }
}

extension Duration {
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// The provider did something that the script can't continue from, such as a redirect loop, an unknown page, or no
/// response.
package struct Misbehaviour: Error, Hashable {
    package let what: String
    package init(_ what: String) { self.what = what }
}
