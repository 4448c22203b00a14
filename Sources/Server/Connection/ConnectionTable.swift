import IdentityProvider
import NIOCore
import Synchronization

/// The open connections of one listener, counted by address and network so that no client can take them all.
///
/// A full group gives up the connections that have been idle longest. A new connection is refused only if all
/// connections of its address or network are busy.
final class ConnectionTable: Sendable {
    private enum Group: Hashable {
        case all
        case network(String)
        case address(String)
    }

    private struct State {
        var groups: [Group: [ObjectIdentifier: TrackedConnection]] = [:]
        var costs: [Group: ByteCount] = [:]
    }

    private let settings: ServerSettings
    private let state = Mutex(State())

    init(settings: ServerSettings) { self.settings = settings }

    /// Counts the connection until it closes. Returns `nil` if it is refused.
    func admit(_ channel: any Channel) -> TrackedConnection? {
        let groups = groups(of: channel.remoteAddress?.ipAddress ?? "")
        let (connection, yielding) = state.withLock { state -> (TrackedConnection?, [TrackedConnection]) in
            var yielding: [TrackedConnection] = []
            for group in groups {
                let (members, limit) = (state.groups[group] ?? [:], limit(of: group))
                // The groups are nested, so room made in one is room in all that contain it.
                guard yielding.isEmpty, members.count >= limit else { continue }
                yielding = Self.claimLongestIdle(of: members.values, limit)
                guard !yielding.isEmpty || group == .all else {
                    count(refused: group)
                    return (nil, [])
                }
            }
            let connection = TrackedConnection(channel, sharedCosts: sharedCosts(&state, groups))
            for group in groups { state.groups[group, default: [:]][ObjectIdentifier(connection)] = connection }
            return (connection, yielding)
        }
        for idle in yielding { idle.yield() }
        guard let connection else { return nil }
        channel.closeFuture.whenComplete { [self] _ in remove(connection, from: groups) }
        return connection
    }

    private func remove(_ connection: TrackedConnection, from groups: [Group]) {
        state.withLock { state in
            for group in groups {
                state.groups[group]?[ObjectIdentifier(connection)] = nil
                guard state.groups[group]?.isEmpty == true else { continue }
                state.groups[group] = nil
                state.costs[group] = nil
            }
        }
    }

    /// Trusted proxies represent many clients, and a Unix socket has no address. Both count only toward the total.
    private func groups(of peer: String) -> [Group] {
        guard let address = IPAddress(peer), !settings.proxies.trust(peer) else { return [.all] }
        return [.address(address.subscriber), .network(address.site), .all]
    }

    /// An address or network never gets more than half of the total, and part of the total stays free for new
    /// connections.
    private func limit(of group: Group) -> Int {
        let total = max(1, settings.maximumConnections)
        let half = max(1, total / 2)
        return switch group {
        case .all: max(1, total - max(1, total / 16))
        case .network: min(settings.connections.perNetwork, half)
        case .address: min(settings.connections.perAddress, half)
        }
    }

    /// Claims several at once, so that a flood of new connections does not search the table for each.
    private static func claimLongestIdle(
        of connections: some Collection<TrackedConnection>, _ limit: Int
    ) -> [TrackedConnection] {
        let idle = connections.compactMap { connection in connection.idleSince.map { (since: $0, connection) } }
        var claimed: [TrackedConnection] = []
        for (since, connection) in idle.sorted(by: { $0.since < $1.since }) where claimed.count < max(1, limit / 64) {
            if connection.claim(idleSince: since) { claimed.append(connection) }
        }
        return claimed
    }

    /// Returns the byte counts that the connections of these groups share.
    private func sharedCosts(_ state: inout State, _ groups: [Group]) -> [ByteCount] {
        groups.compactMap { group in
            guard let limit = byteLimit(of: group) else { return nil }
            let count = state.costs[group] ?? ByteCount(limit: limit)
            state.costs[group] = count
            return count
        }
    }

    private func byteLimit(of group: Group) -> Int? {
        switch group {
        case .all: nil
        case .network: settings.connections.bytesPerNetwork
        case .address: settings.connections.bytesPerAddress
        }
    }

    private func count(refused group: Group) {
        switch group {
        case .all: break
        case .network: Measurements.countRefusedConnection(limit: "network")
        case .address: Measurements.countRefusedConnection(limit: "address")
        }
    }
}
