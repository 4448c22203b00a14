import SQLStorage
import Synchronization

/// Fails units that are past their deadline, so that no request waits for an unresponsive server.
final class MariaDBDeadlines: Sendable {
    private let units = Mutex<[ObjectIdentifier: any MariaDBUnit]>([:])
    /// Provides the error of the current outage, if any.
    private let outage: MariaDBOutage

    init(_ outage: MariaDBOutage) {
        self.outage = outage
        BlockingThread.startRequired("mariadb deadlines") { [weak self] in
            while outage.wait(milliseconds: 100) { self?.sweep() }
        }
    }

    func watch(_ unit: any MariaDBUnit) { units.withLock { $0[ObjectIdentifier(unit)] = unit } }
    func forget(_ unit: any MariaDBUnit) { units.withLock { $0[ObjectIdentifier(unit)] = nil } }

    private func sweep() {
        let now = ContinuousClock.now
        let late = units.withLock { units in
            let late = units.values.filter { $0.deadline <= now }
            for unit in late { units[ObjectIdentifier(unit)] = nil }
            return late
        }
        for unit in late { unit.expire(outage.error) }
    }
}
